// A Node server that keeps GitHub deliveries with @octokit/webhooks and node:sqlite: the usual way without a platform.
// Usage: node octokit-server.js FULL|NORMAL DATABASE_FILE SECRET. Prints its port.
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { DatabaseSync } from 'node:sqlite';
import { createNodeMiddleware, Webhooks } from '@octokit/webhooks';

const [synchronous, file, secret] = process.argv.slice(2);
const db = new DatabaseSync(file);
db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${synchronous};
  CREATE TABLE pushes (id INTEGER PRIMARY KEY, image TEXT NOT NULL, tag TEXT NOT NULL, digest BLOB NOT NULL, pusher TEXT NOT NULL,
    received_at INTEGER NOT NULL, delivery TEXT NOT NULL);
  CREATE INDEX pushes_by_digest ON pushes (substr(digest, 1, 8));
  CREATE TABLE deliveries (id TEXT PRIMARY KEY, received_at INTEGER NOT NULL, event TEXT NOT NULL, body_sha256 BLOB NOT NULL) WITHOUT ROWID;`);
const addPush = db.prepare(
  'INSERT INTO pushes (image, tag, digest, pusher, received_at, delivery) VALUES (?, ?, ?, ?, ?, ?)',
);
const addDelivery = db.prepare('INSERT INTO deliveries VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING');

const webhooks = new Webhooks({ secret });
webhooks.on('package.published', ({ id, payload }) => {
  const { tag } = payload.package.package_version.container_metadata;
  const digest = Buffer.from(tag.digest.slice('sha256:'.length), 'hex');
  const image = `${payload.package.namespace}/${payload.package.name}`;
  const hash = createHash('sha256').update(digest).digest();
  db.exec('BEGIN');
  if (addDelivery.run(id, Date.now(), 'package.published', hash).changes > 0)
    addPush.run(image, tag.name, digest, payload.sender.login, Date.now(), id);
  db.exec('COMMIT');
});

const server = createServer(createNodeMiddleware(webhooks, { path: '/' }));
server.listen(0, '127.0.0.1', () => console.log(server.address().port));

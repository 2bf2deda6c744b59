import path from 'node:path';
import { parseArgs } from 'node:util';
import { type Installation, type InstallationOptions, StartFailed, startInstallation } from './installation.ts';
import { settingsOfShell } from './local-settings.ts';
import { WranglerFailed } from './wrangler.ts';

const USAGE = `Usage: npm start [-- OPTIONS]      Runs Pushwarden on this machine: no account, no questions.
  --port N      port on 127.0.0.1 (default 8787)
  --state DIR   keep database, settings and admin key in DIR (default: .wrangler/state, .dev.vars, .pushwarden)
  --quiet       print only the address and the admin key
Settings (REGISTRIES, SLACK_API_URL, ...: docs/configuration.md) are read from the shell, then from .dev.vars.
CRON_SECONDS=N runs cron every N seconds instead of every 60.`;

const OPTIONS = {
  port: { type: 'string', default: '8787' },
  state: { type: 'string' },
  quiet: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

class UsageError extends Error {}

function wholeNumber(name: string, text: string, max: number): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > max) throw new UsageError(`${name} must be a number from 0 to ${max}.`);
  return Number(text);
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: OPTIONS });
  if (values.help) return console.log(USAGE);
  const vars = settingsOfShell(process.env);
  const options: InstallationOptions = {
    port: wholeNumber('--port', values.port, 65_535),
    vars,
    cronSeconds: wholeNumber('CRON_SECONDS', process.env.CRON_SECONDS ?? '60', 86_400),
    ...(values.state === undefined ? {} : { state: values.state }),
    ...(values.quiet ? {} : { onLog: (line: string) => console.log(line) }),
  };
  if (!values.quiet) console.log('Starting Pushwarden (a few seconds)...');
  const asked = untilAskedToStop();
  const installation = await Promise.race([startInstallation(options), asked]);
  // Asked while starting: exiting ends wrangler's process group as well.
  if (installation === ASKED) process.exit(130);
  console.log(
    values.quiet ? `${installation.url}\n${installation.adminKey}` : welcome(installation, Object.keys(vars)),
  );
  const end = await Promise.race([asked, installation.crashed]);
  await installation.stop();
  if (end !== ASKED) throw new StartFailed('wrangler dev ended by itself.', end);
}

function welcome(installation: Installation, fromShell: readonly string[]): string {
  const { url, adminKey, signInLink } = installation;
  const here = (file: string) => path.relative(process.cwd(), file) || '.';
  return `
Pushwarden runs at ${url}

  Sign in     ${signInLink}
              opens the dashboard once, within 15 minutes; later sign in with the admin key
  Admin key   ${adminKey}
              kept in ${here(installation.adminKeyFile)}; more keys: npm run key -- create --scope read --name NAME
  State       ${here(installation.state)} (stop Pushwarden and delete it to start over)
  Settings    ${here(installation.settingsFile)}${fromShell.length === 0 ? '' : `, and from the shell: ${fromShell.join(', ')}`}

Next: watch an image (put yours in place of docker.io/library/hello-world)

  curl -sS ${url}/api/v1/repositories \\
    -H 'authorization: Bearer ${adminKey}' -H 'content-type: application/json' \\
    -d '{"image":"docker.io/library/hello-world"}'

Or watch an incident being caught: npm run simulate -- kong
Ctrl-C stops Pushwarden.
`;
}

const ASKED = Symbol('asked to stop');

/** Without a handler a signal would end this process and leave wrangler, in its own process group, running. */
function untilAskedToStop(): Promise<typeof ASKED> {
  return new Promise((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => resolve(ASKED));
  });
}

try {
  await main();
} catch (error) {
  if (error instanceof StartFailed || error instanceof WranglerFailed) console.error(`${error.output.trim()}\n`);
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

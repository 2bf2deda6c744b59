import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  effectiveSettings,
  ensureSettingsFile,
  settingsOfShell,
  UnwritableSetting,
  writeEnvFile,
} from '../../scripts/local-settings.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'pushwarden-settings-'));
  file = path.join(folder, '.dev.vars');
});
afterEach(() => rmSync(folder, { recursive: true }));

const URL = 'http://127.0.0.1:8787';

describe('the settings file', () => {
  it('is made with a random key, for its owner alone', () => {
    const settings = ensureSettingsFile(file, URL);
    expect(settings).toMatchObject({ LOCAL: 'true', PUBLIC_URL: URL });
    expect(Buffer.from(settings.ENCRYPTION_KEYS?.replace(/^k1:/, '') ?? '', 'base64')).toHaveLength(32);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(ensureSettingsFile(file, URL)).toEqual(settings);
  });

  it('keeps what it has and gets what it lacks', () => {
    writeFileSync(file, 'PUBLIC_URL=https://tunnel.example\nREGISTRIES=\'{"a":{"url":"http://127.0.0.1:1"}}\'');
    const settings = ensureSettingsFile(file, URL);
    expect(settings.PUBLIC_URL).toBe('https://tunnel.example');
    expect(settings.REGISTRIES).toBe('{"a":{"url":"http://127.0.0.1:1"}}');
    expect(readFileSync(file, 'utf8').match(/^PUBLIC_URL=|^LOCAL=true$|^ENCRYPTION_KEYS=k1:/gm)).toHaveLength(3);
  });
});

describe('settings of a run', () => {
  it('come from the shell before the file', () => {
    const shell = settingsOfShell({ SLACK_API_URL: 'http://127.0.0.1:2', HOME: '/root' });
    expect(shell).toEqual({ SLACK_API_URL: 'http://127.0.0.1:2' });
    expect(effectiveSettings({ SLACK_API_URL: 'http://127.0.0.1:1' }, shell, URL)).toMatchObject(shell);
  });

  it('let a loopback address follow the port and leave a real one', () => {
    const publicUrl = (given: string) => effectiveSettings({ PUBLIC_URL: given }, {}, 'http://127.0.0.1:9').PUBLIC_URL;
    expect(publicUrl(URL)).toBe('http://127.0.0.1:9');
    expect(publicUrl('https://tunnel.example')).toBe('https://tunnel.example');
  });

  it('are written so that wrangler reads the same: quotes and $ included', () => {
    writeEnvFile(file, { A: '{"a":"$HOME"}', B: "it's", C: 'plain' });
    expect(readFileSync(file, 'utf8')).toBe('A=\'{"a":"\\$HOME"}\'\nB=`it\'s`\nC=plain\n');
    expect(() => writeEnvFile(file, { A: '\'"`' })).toThrow(UnwritableSetting);
  });
});

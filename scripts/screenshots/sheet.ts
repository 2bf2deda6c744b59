import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'playwright-core';
import { picturesOf } from './camera.ts';

const STYLE = `body { margin: 16px; width: 1900px; background: #888; font: 16px sans-serif; }
  div { display: grid; grid-template-columns: 1fr 1fr 2fr 2fr; gap: 12px; align-items: start; }
  img { width: 100%; max-height: 2400px; object-fit: cover; object-position: top; }`;

/** One picture per name with all its looks side by side, so that looking at all of them is quick. Made by Chromium. */
export async function makeSheets(browser: Browser, folder: string, names: readonly string[]): Promise<void> {
  const sheets = path.join(folder, 'sheets');
  mkdirSync(sheets, { recursive: true });
  const page = await browser.newPage({ viewport: { width: 1932, height: 600 } });
  const draft = path.join(folder, 'sheet.html');
  for (const name of names) {
    const images = picturesOf(name).map((file) => `<img src="${file}" alt="">`);
    writeFileSync(draft, `<!doctype html><style>${STYLE}</style><h1>${name}</h1><div>${images.join('')}</div>`);
    await page.goto(pathToFileURL(draft).href);
    await page.screenshot({ path: path.join(sheets, `${name}.png`), fullPage: true });
  }
  rmSync(draft);
  await page.close();
}

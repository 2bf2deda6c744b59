import path from 'node:path';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { SCHEMES, WIDTHS } from '../browser.ts';

const LOOKS = WIDTHS.flatMap((width) => SCHEMES.map((colorScheme) => ({ width, colorScheme })));

/** The four pictures of a name, in the order of the contact sheet. */
export const picturesOf = (name: string): readonly string[] =>
  LOOKS.map(({ width, colorScheme }) => `${name}-${width}-${colorScheme}.png`);

interface Eye {
  readonly page: Page;
  readonly look: (typeof LOOKS)[number];
}

/** Takes pictures of an installation's pages: phone and desktop, light and dark. */
export class Camera {
  readonly #url: string;
  readonly #folder: string;
  readonly #taken: string[];
  readonly #eyes: readonly Eye[];

  private constructor(url: string, folder: string, taken: string[], eyes: readonly Eye[]) {
    this.#url = url;
    this.#folder = folder;
    this.#taken = taken;
    this.#eyes = eyes;
  }

  /** @param taken gets the names of what was taken */
  static async open(
    browser: Browser,
    { url, folder, taken }: { readonly url: string; readonly folder: string; readonly taken: string[] },
    storageState?: BrowserContextOptions['storageState'],
  ): Promise<Camera> {
    const eyes: Eye[] = [];
    for (const look of LOOKS) {
      const { width, colorScheme } = look;
      const context: BrowserContext = await browser.newContext({
        viewport: { width, height: 900 },
        colorScheme,
        ...(storageState === undefined ? {} : { storageState }),
      });
      eyes.push({ page: await context.newPage(), look });
    }
    return new Camera(url, folder, taken, eyes);
  }

  /** @throws Error if the page is not what was expected: a picture of a failure is none of the page */
  async shoot(name: string, address: string, status = 200): Promise<void> {
    if (this.#taken.includes(name)) throw new Error(`There is a picture called ${name} already.`);
    for (const { page, look } of this.#eyes) {
      const answer = await page.goto(`${this.#url}${address}`);
      if (answer?.status() !== status) throw new Error(`${address} answered ${answer?.status()} instead of ${status}.`);
      const file = `${name}-${look.width}-${look.colorScheme}.png`;
      await page.screenshot({ path: path.join(this.#folder, file), fullPage: true });
    }
    this.#taken.push(name);
    console.log(name);
  }

  async close(): Promise<void> {
    for (const { page } of this.#eyes) await page.context().close();
  }
}

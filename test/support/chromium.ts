import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { need, root } from './need.ts';

const PATH = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Debian's Chromium without a window and with a profile of its own, or `undefined` with a printed skip. */
export async function launchChromium(): Promise<Browser | undefined> {
  if (!need('Chromium', existsSync(PATH), `there is no ${PATH}; CHROMIUM can name another`)) return undefined;
  return chromium.launch({ executablePath: PATH, headless: true, args: FLAGS });
}

/** A page that writes down everything that would be red in a developer's console. */
export async function openPage(context: BrowserContext, url: string): Promise<{ page: Page; complaints: string[] }> {
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('requestfailed', (request) => complaints.push(`${request.url()}: ${request.failure()?.errorText}`));
  await page.goto(url);
  return { page, complaints };
}

/** Saves what the page shows as `build/screenshots/NAME.png`; answers the path. */
export async function saveScreenshot(page: Page, name: string): Promise<string> {
  const folder = join(root, 'build/screenshots');
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${name}.png`);
  await page.screenshot({ path });
  return path;
}

// The demo page as a newcomer sees it: a real browser, two tabs, two people.
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';
import { Server } from './server.js';

const shots = new URL('screenshots/', import.meta.url).pathname;
const quiet = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
];

let browser;

before(async () => {
  await mkdir(shots, { recursive: true });
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: quiet });
});

after(() => browser?.close());

/** A demo and a browser profile of its own, in which every error but the expected and every request to another host fails the test. */
async function visit(t, options = {}, expected = /^$/) {
  const server = await Server.start({ command: 'demo' });
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, ...options });
  const wrong = [];
  context.on('console', (message) => message.type() === 'error' && !expected.test(message.text()) && wrong.push(message.text()));
  context.on('weberror', (error) => wrong.push(String(error.error())));
  context.on('request', (request) => request.url().startsWith(`${server.url}/`) || wrong.push(request.url()));
  t.after(async () => {
    await context.close();
    await server.stop();
    assert.deepEqual(wrong, []);
  });
  return { open: (role) => open(context, server, role) };
}

/** A tab of one person, or of both without a role. */
async function open(context, server, role) {
  const tab = await context.newPage();
  await tab.goto(`${server.url}/demo${role ? `?as=${role}` : ''}`);
  for (const shown of role ? [role] : ['boater', 'owner']) {
    await tab.locator(`#${shown}[aria-busy=false]`).waitFor({ state: 'attached' });
  }
  return { tab, boater: side(tab, 'boater'), owner: side(tab, 'owner') };
}

function side(tab, role) {
  const element = tab.locator(`#${role}`);
  return {
    element,
    field: element.getByRole('textbox'),
    log: element.getByRole('log'),
    line: (text) => element.getByRole('log').getByRole('listitem').filter({ hasText: text }),
    press: (name) => element.getByRole('button', { name, exact: true }).click(),
    shows: (text) => element.getByText(text).first().waitFor(),
    step: (name) => element.locator('[aria-current=step]').getByText(name).waitFor(),
  };
}

/** A tab for each of the two people. */
async function twoTabs(t, expected) {
  const demo = await visit(t, {}, expected);
  const { tab: boaterTab, boater } = await demo.open('boater');
  const { tab: ownerTab, owner } = await demo.open('owner');
  for (const person of [boater, owner]) await person.step('Pending');
  return { boaterTab, ownerTab, boater, owner };
}

test('a message typed in one tab appears in the other, with the typing sign and the read mark', async (t) => {
  const { boater, owner } = await twoTabs(t);
  await boater.field.fill('Is the berth free?');
  await boater.press('Send');
  await owner.log.getByText('Is the berth free?').waitFor();
  await boater.line('Is the berth free?').getByText('Read').waitFor();
  await owner.field.pressSequentially('Ye');
  await boater.shows('Ben is typing…');
  await owner.field.pressSequentially('s');
  await owner.field.press('Enter');
  await boater.log.getByText('Yes', { exact: true }).waitFor();
  assert.equal(await owner.field.inputValue(), '');
});

test('the booking buttons move both tabs, and a payment succeeds', async (t) => {
  const { boater, owner } = await twoTabs(t);
  await owner.press('Confirm');
  for (const person of [boater, owner]) {
    await person.step('Confirmed');
    await person.element.getByLabel('Notifications').getByText('confirmed').first().waitFor();
  }
  await boater.press('Pay');
  for (const person of [boater, owner]) await person.shows('payment processing');
  await boater.press('Card declined');
  for (const person of [boater, owner]) await person.shows('payment failed');
  await boater.press('Pay');
  await boater.press('Card accepted');
  for (const person of [boater, owner]) await person.shows('payment completed');
  await owner.press('Boat is here');
  for (const person of [boater, owner]) await person.step('Active');
  await owner.press('Complete');
  for (const person of [boater, owner]) await person.step('Completed');
  assert.deepEqual(await boater.element.getByRole('group', { name: 'Booking actions' }).getByRole('button').allTextContents(), []);
});

test('a cancellation reaches both tabs, and a new booking starts over', async (t) => {
  const { boater, owner, boaterTab } = await twoTabs(t);
  await boater.press('Cancel');
  for (const person of [boater, owner]) await person.element.locator('.pill').getByText('Cancelled').waitFor();
  await boaterTab.getByRole('button', { name: 'New booking' }).click();
  for (const person of [boater, owner]) await person.step('Pending');
});

test('after a drop the tab comes back by itself and catches up', async (t) => {
  const { boater, owner } = await twoTabs(t);
  await boater.press('Drop my connection');
  await boater.element.locator('.badge[data-state=offline]').waitFor();
  await owner.field.fill('Sent while you were away');
  await owner.press('Send');
  await owner.press('Confirm');
  await boater.element.locator('.badge[data-state=online]').waitFor();
  await boater.log.getByText('Sent while you were away').waitFor();
  await boater.step('Confirmed');
  await boater.shows(/caught up: [3-9]/); // the message, the booking and its notification
});

test('the server is killed at the push of a button, and both tabs go on where they were', async (t) => {
  const { boater, owner, boaterTab } = await twoTabs(t, /ERR_|WebSocket|Failed to load resource/);
  await boater.field.fill('Said before');
  await boater.press('Send');
  await owner.log.getByText('Said before').waitFor();
  const lines = await owner.log.getByRole('listitem').count();
  await boaterTab.getByRole('button', { name: 'Restart the server' }).click();
  await boater.element.locator('.badge[data-state=offline]').waitFor();
  await boater.field.fill('Said while it was dead');
  await boater.press('Send');
  for (const person of [boater, owner]) {
    await person.element.locator('.badge[data-state=online]').waitFor();
    await person.log.getByText('Said while it was dead').waitFor();
    assert.equal(await person.log.getByText('Said before').count(), 1);
    assert.equal(await person.log.getByRole('listitem').count(), lines + 1);
  }
  await owner.press('Confirm');
  await boater.step('Confirmed');
});

test('what ended while a tab was away is shown as ended', async (t) => {
  const { boater, owner } = await twoTabs(t);
  await boater.press('Drop my connection');
  await boater.element.locator('.badge[data-state=offline]').waitFor();
  await owner.press('Cancel');
  await owner.element.locator('.pill').getByText('Cancelled').waitFor();
  await boater.element.locator('.pill').getByText('Cancelled').waitFor();
  await boater.shows(/caught up: [2-9]/); // the end of the booking and its notification
});

test('what is written while offline is sent after the return, once', async (t) => {
  const { boater, owner } = await twoTabs(t);
  await boater.press('Drop my connection');
  await boater.element.locator('.badge[data-state=offline]').waitFor();
  await boater.field.fill('Written offline');
  await boater.press('Send');
  await boater.log.getByText('Sending…').waitFor();
  await owner.log.getByText('Written offline').waitFor();
  assert.equal(await owner.log.getByText('Written offline').count(), 1);
  assert.equal(await boater.log.getByText('Written offline').count(), 1);
});

test('a keyboard alone is enough to write and to move a booking', async (t) => {
  const { ownerTab, boater, owner } = await twoTabs(t);
  const focus = async (role, name) => {
    const wanted = ownerTab.getByRole(role, { name, exact: true });
    for (let presses = 0; presses < 30; presses++) {
      if (await wanted.evaluateAll(([element]) => element === document.activeElement)) return;
      await ownerTab.keyboard.press('Tab');
    }
    assert.fail(`${name} is not reached by the Tab key`);
  };
  await focus('textbox', 'Message to Asha');
  await ownerTab.keyboard.type('By keyboard');
  await ownerTab.keyboard.press('Enter');
  await boater.log.getByText('By keyboard').waitFor();
  await focus('button', 'Confirm');
  await ownerTab.keyboard.press('Enter');
  await boater.step('Confirmed');
  await focus('button', 'Boat is here');
  await ownerTab.keyboard.press('Space');
  await boater.step('Active');
});

test('both sides on one page: unread counts wait for the look, and notifications are marked', async (t) => {
  const { tab, boater, owner } = await (await visit(t)).open();
  const unread = boater.element.getByRole('region', { name: 'Chat' }).locator('.count');
  await boater.field.focus();
  await unread.waitFor({ state: 'hidden' });
  await owner.press('Confirm');
  await owner.field.fill('Are you looking?');
  await owner.press('Send');
  await unread.getByText('1 unread').waitFor();
  await boater.field.focus();
  await unread.waitFor({ state: 'hidden' });
  await owner.line('Are you looking?').getByText('Read').waitFor();
  const marks = boater.element.getByRole('button', { name: 'Mark as read' });
  const before = await marks.count();
  await marks.first().click();
  await tab.waitForFunction((count) => document.querySelectorAll('#boater .notifications li.unread').length === count, before - 1);
});

const looks = {
  desktop: { viewport: { width: 1280, height: 860 } },
  'desktop-dark': { viewport: { width: 1280, height: 860 }, colorScheme: 'dark' },
  phone: { viewport: { width: 375, height: 812 }, isMobile: true, hasTouch: true },
  'phone-narrow-dark': { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true, colorScheme: 'dark' },
};

for (const [name, options] of Object.entries(looks)) {
  test(`the page fits ${name}`, async (t) => {
    const { tab, boater } = await (await visit(t, { reducedMotion: 'reduce', ...options })).open();
    await boater.field.fill('Wonderful, thank you!');
    await boater.press('Send');
    await boater.line('Wonderful, thank you!').getByText('Sent').waitFor();
    await boater.press('Pay');
    await boater.shows('payment processing');
    await tab.screenshot({ path: `${shots}${name}.png`, fullPage: true });
    const [content, screen] = await tab.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
    assert.equal(content, screen, 'nothing sticks out to the side');
  });
}

test('on a phone the switch shows the other person', async (t) => {
  const { tab, boater, owner } = await (await visit(t, looks.phone)).open();
  assert.equal(await owner.element.isVisible(), false);
  await tab.getByRole('button', { name: /^Ben/ }).click();
  await owner.element.waitFor();
  assert.equal(await boater.element.isVisible(), false);
});

// What every state of every page must be: accessible, whole, and of a piece in
// both colour schemes, wide and narrow.

import type { Page } from '@playwright/test';
import axe, { type RunOnly } from 'axe-core';

import { expect, picture } from './journey.ts';

const ALL: RunOnly = {
  type: 'tag',
  values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
};

/** All that another colour scheme can break: it changes nothing else of a page. */
const OF_COLOUR: RunOnly = { type: 'rule', values: ['color-contrast', 'link-in-text-block'] };

const WIDE = { width: 1280, height: 900 };
const NARROW = { width: 390, height: 844 };

/** Looks at a page in both schemes, wide and narrow; may leave a picture of each. */
export async function inspect(page: Page, state: string): Promise<void> {
  for (const viewport of [WIDE, NARROW]) {
    await page.setViewportSize(viewport);
    await expectWhole(page, `${state} at ${viewport.width} px`);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      const name = `${state}-${colorScheme}-${viewport.width}`;
      await picture(page, name);
      await expectAccessible(page, name, colorScheme === 'light' ? ALL : OF_COLOUR);
    }
  }
  await page.emulateMedia({ colorScheme: null });
  await page.setViewportSize(WIDE);
}

async function expectAccessible(page: Page, name: string, runOnly: RunOnly): Promise<void> {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe.source);
  const found = await page.evaluate(async (runOnly) => {
    const { axe } = window as unknown as { axe: typeof import('axe-core') };
    // What is in order is not described: that takes as long as finding it.
    const { violations } = await axe.run({ runOnly, resultTypes: ['violations'] });
    return violations.flatMap(({ id, help, nodes }) =>
      nodes.map((node) => `${id}: ${help}: ${node.target.join(' ')} ${node.failureSummary ?? ''}`),
    );
  }, runOnly);
  expect.soft(found, `axe on ${name}`).toEqual([]);
}

/** Nothing reaches out of the page, and nothing is cut off by what is around it. */
export async function expectWhole(page: Page, name: string): Promise<void> {
  const cut = await page.evaluate(() => {
    const describe = (element: Element) =>
      `<${element.tagName.toLowerCase()} class="${element.getAttribute('class') ?? ''}">`;
    const width = document.documentElement.clientWidth;
    const found: string[] = [];
    for (const element of document.body.querySelectorAll('*')) {
      // For screen readers, or off the page until it is focused.
      if (element.closest('.hidden, .skip') || !element.checkVisibility()) continue;
      const box = element.getBoundingClientRect();
      const scrolls = (e: Element) => /auto|scroll/.test(getComputedStyle(e).overflowX);
      let inside = element.parentElement;
      while (inside && !scrolls(inside)) inside = inside.parentElement;
      if (!inside && (box.right > width + 0.5 || box.left < -0.5)) {
        found.push(`${describe(element)} reaches out of the page`);
      }
      const clips = /hidden|clip/.test(getComputedStyle(element).overflowX);
      if (clips && element.scrollWidth > element.clientWidth + 1) {
        found.push(`${describe(element)} cuts off what is in it`);
      }
    }
    if (document.documentElement.scrollWidth > width) found.push('the page scrolls sideways');
    return found;
  });
  expect.soft(cut, name).toEqual([]);
}

/** Every control can be reached by Tab alone, and shows that it is focused. */
export async function expectReachable(page: Page): Promise<void> {
  const n = await page.evaluate(() => {
    const controls = [
      ...document.querySelectorAll<HTMLElement>(
        'a[href], button:enabled, input:enabled, select:enabled, textarea:enabled, summary',
      ),
    ].filter((control) => control.checkVisibility());
    // Of a group of radio buttons the chosen one is reached; arrows do the rest.
    const stops = controls.filter(
      (control) => !(control instanceof HTMLInputElement && control.type === 'radio' && !control.checked),
    );
    for (const stop of stops) stop.dataset['unreached'] = '';
    (document.activeElement as HTMLElement | null)?.blur();
    return stops.length;
  });
  const unmarked: string[] = [];
  for (let presses = 0; presses < n + 10; presses++) {
    await page.keyboard.press('Tab');
    const complaint = await page.evaluate(() => {
      const focused = document.activeElement;
      if (!(focused instanceof HTMLElement) || focused === document.body) return null;
      delete focused.dataset['unreached'];
      const { outlineStyle, outlineWidth, outlineOffset } = getComputedStyle(focused);
      const what = `${focused.tagName.toLowerCase()} "${focused.innerText || focused.id}"`;
      if (outlineStyle === 'none' || parseFloat(outlineWidth) < 2) return `${what} shows no focus`;
      // An outline outside of the box is lost where the box fills what clips it.
      const reach = parseFloat(outlineWidth) + parseFloat(outlineOffset);
      const box = focused.getBoundingClientRect();
      for (let around = focused.parentElement; around; around = around.parentElement) {
        if (getComputedStyle(around).overflowX === 'visible') continue;
        const limit = around.getBoundingClientRect();
        if (box.left - reach < limit.left - 0.5 || box.right + reach > limit.right + 0.5) {
          return `${what} has its focus cut off`;
        }
      }
      return null;
    });
    if (complaint) unmarked.push(complaint);
  }
  expect.soft(unmarked, `focus on ${page.url()}`).toEqual([]);
  const unreached = await page
    .locator('[data-unreached]')
    .evaluateAll((all) => all.map((control) => control.outerHTML.slice(0, 120)));
  expect.soft(unreached, `not reached by Tab on ${page.url()}`).toEqual([]);
}

/** Nothing moves for longer than 10 ms. */
export async function expectStill(page: Page): Promise<void> {
  const moving = await page.evaluate(() => {
    const found: string[] = [];
    const milliseconds = (list: string) =>
      Math.max(...list.split(',').map((time) => parseFloat(time) * (/\dms/.test(time) ? 1 : 1000)));
    for (const element of document.querySelectorAll('*')) {
      for (const part of [null, '::before', '::after', '::-webkit-progress-value']) {
        const style = getComputedStyle(element, part);
        for (const property of ['transitionDuration', 'animationDuration'] as const) {
          if (milliseconds(style[property]) > 10) found.push(`${element.tagName}${part ?? ''}`);
        }
      }
    }
    for (const animation of document.getAnimations()) {
      const { duration } = animation.effect?.getComputedTiming() ?? {};
      if (Number(duration) > 10) found.push(`an animation of ${String(duration)} ms`);
    }
    return found;
  });
  expect.soft(moving, `moves on ${page.url()}`).toEqual([]);
}

"""What a page owes to everybody, looked for in a real browser: after the rules of axe-core and of WCAG 2.2.

With `PLAUDIT_SCREENSHOTS=folder`, each page that is looked at is also kept as a picture: wide, narrow and dark.
"""

import os
import re
from pathlib import Path
from typing import Final, Literal

from playwright.async_api import Page

WIDTHS: Final = (1280, 1024, 768, 375, 320)
SCHEMES: Final[tuple[Literal["dark", "light"], ...]] = ("dark", "light")
HEIGHT: Final = 900
_FOLDER: Final = os.environ.get("PLAUDIT_SCREENSHOTS", "")


async def faults_of(page: Page) -> list[str]:
    """What is wrong with the page that is open, on wide and narrow screens, by day and by night; it stays wide."""
    found: list[str] = []
    for width in WIDTHS:
        await page.set_viewport_size({"width": width, "height": HEIGHT})
        for scheme in SCHEMES:
            await page.emulate_media(color_scheme=scheme)
            found += [f"{width} px, {scheme}: {fault}" for fault in await page.evaluate(_FAULTS)]
    await _keep_pictures(page)
    await page.set_viewport_size({"width": WIDTHS[0], "height": HEIGHT})
    return found


async def first_focused(page: Page) -> str:
    """The words of what the first press of Tab leads to."""
    await page.evaluate("document.activeElement?.blur()")
    await page.keyboard.press("Tab")
    return str(await page.evaluate("document.activeElement.innerText"))


async def _keep_pictures(page: Page) -> None:
    if not _FOLDER:
        return
    path = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "id", re.sub(r"https?://[^/]+", "", page.url))
    name = re.sub(r"[^a-z0-9]+", "-", path.lower()).strip("-") or "front"
    for width in (WIDTHS[0], 375):
        for scheme in SCHEMES:
            await page.set_viewport_size({"width": width, "height": HEIGHT})
            await page.emulate_media(color_scheme=scheme)
            await page.screenshot(path=Path(_FOLDER) / f"{name}-{width}-{scheme}.png", full_page=True)


_FAULTS: Final = """
(() => {
  const faults = [];
  const all = selector => [...document.querySelectorAll(selector)].filter(element => element.checkVisibility());
  const short = element => element.outerHTML.slice(0, 90);
  const nameOf = element =>
    (element.getAttribute("aria-label") || element.innerText || element.alt || element.value || "").trim();
  const expect = (elements, isRight, fault) => {
    for (const element of elements) if (!isRight(element)) faults.push(`${fault}: ${short(element)}`);
  };

  // The page as a whole.
  if (!document.documentElement.lang) faults.push("no language");
  if (!document.title.trim()) faults.push("no title");
  if (all("h1").length !== 1) faults.push(`${all("h1").length} h1`);
  if (all("main").length !== 1) faults.push("not one main");
  const needed = document.documentElement.scrollWidth;
  if (needed > innerWidth) faults.push(`scrolls sideways: ${needed} px`);
  let level = 0;
  for (const heading of all("h1, h2, h3, h4, h5, h6")) {
    const next = Number(heading.tagName[1]);
    if (next > level + 1) faults.push(`h${next} after h${level}: ${heading.innerText}`);
    level = next;
    if (!heading.innerText.trim()) faults.push(`empty heading: ${short(heading)}`);
  }
  const navigations = all("nav");
  if (navigations.length > 1) expect(navigations, nav => nav.getAttribute("aria-label"), "nav without a name");
  const outside = all("body *").filter(element => !element.closest("main, header, footer, nav, .skip, .top") &&
    [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim()));
  for (const element of outside) faults.push(`outside of all landmarks: ${short(element)}`);

  // Names, labels and references.
  const ids = [...document.querySelectorAll("[id]")].map(element => element.id);
  for (const id of new Set(ids)) if (ids.filter(each => each === id).length > 1) faults.push(`id twice: ${id}`);
  for (const attribute of ["aria-describedby", "aria-labelledby", "for"])
    for (const element of document.querySelectorAll(`[${attribute}]`))
      for (const id of element.getAttribute(attribute).split(" "))
        if (!document.getElementById(id)) faults.push(`${attribute} of nothing: ${short(element)}`);
  const fields = all("input:not([type=hidden]), textarea, select");
  expect(fields, field => field.labels.length || field.getAttribute("aria-label"), "field without a label");
  expect(all("a, button"), element => nameOf(element) || element.querySelector("[aria-label], img[alt]"), "no name");
  expect(all("img"), image => image.hasAttribute("alt"), "no alt");
  expect(all("svg[role=img], span[role=img]"), drawn => drawn.getAttribute("aria-label"), "picture without words");
  for (const list of all("ul, ol")) for (const child of list.children)
    if (child.tagName !== "LI") faults.push(`not an item of a list: ${short(child)}`);
  expect(all("thead th"), cell => cell.getAttribute("scope"), "no scope");

  // Nothing inline, nothing from elsewhere. Structured data is no script: nothing runs it.
  const inline = "[style], style, script:not([src], [type='application/ld+json'])";
  expect(document.querySelectorAll(inline), () => false, "inline");

  // WCAG 2.2, 2.5.8: what is pressed is 24 px high, unless it stands in a sentence or list.
  const pressed = all("button:not(.link), .button, input:not([type=hidden]), select, textarea, .side li a");
  expect(pressed, element => element.getBoundingClientRect().height >= 24, "too small to press");

  // WCAG 2.2, 1.4.3: at least 4.5 : 1, or 3 : 1 for large text.
  const parse = text => {
    const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number);
    return {r, g, b, a};
  };
  const luminance = ({r, g, b}) => {
    const part = value => (value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const ground = element => {
    for (let at = element; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour.a === 1) return colour;
    }
    return {r: 255, g: 255, b: 255};
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode());) {
    const element = node.parentElement;
    if (!node.data.trim() || !element.checkVisibility() || element.closest("s")) continue;
    const style = getComputedStyle(element);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    const colour = parse(element.closest("svg") ? style.fill : style.color);
    const [light, dark] = [luminance(colour), luminance(ground(element))].sort((a, b) => b - a);
    const ratio = (light + 0.05) / (dark + 0.05);
    if (ratio < (large ? 3 : 4.5)) faults.push(`${ratio.toFixed(2)} : 1 only: ${node.data.trim().slice(0, 40)}`);
  }
  return faults;
})()
"""

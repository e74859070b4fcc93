type Attributes = Record<string, string | boolean | ((event: Event) => void)>;

/** Makes an element: functions become listeners, true an empty attribute, false none. */
export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name, value);
    else if (value !== false) element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children);
  return element;
}

/** Sets a text only when it differs, so that a live region is not read out again. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

export interface Row<Item> {
  element: HTMLElement;
  update(item: Item): void;
}

/**
 * Keeps the children of a list in step with items. A row stays the same element while its key stays,
 * so focus, scrolling and live regions are not disturbed.
 */
export function keyedList<Item>(parent: HTMLElement, keyOf: (item: Item) => string, make: (item: Item) => Row<Item>) {
  let rows = new Map<string, Row<Item>>();
  return (items: readonly Item[]) => {
    const next = new Map<string, Row<Item>>();
    for (const item of items) next.set(keyOf(item), rows.get(keyOf(item)) ?? make(item));
    for (const [key, row] of rows) if (!next.has(key)) row.element.remove();
    rows = next;
    items.forEach((item, index) => {
      const row = next.get(keyOf(item))!;
      row.update(item);
      if (parent.children[index] !== row.element) parent.insertBefore(row.element, parent.children[index] ?? null);
    });
  };
}

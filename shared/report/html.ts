import { visible } from './words.ts';

/** Markup that is safe to put into a page as it is. */
export type Html = { readonly markup: string };

type Value = Html | string | number | readonly Html[] | undefined | false;

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Template tag: every value is escaped unless it is Html itself; `undefined` and `false` leave nothing. */
export function html(parts: TemplateStringsArray, ...values: readonly Value[]): Html {
  return { markup: parts.map((part, index) => part + render(values[index])).join('') };
}

function render(value: Value): string {
  if (value === undefined || value === false) return '';
  if (typeof value === 'object')
    return isList(value) ? value.map(({ markup }) => markup).join('') : value.markup;
  return visible(String(value)).replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}

const isList = (value: Html | readonly Html[]): value is readonly Html[] => Array.isArray(value);

import type { Child } from 'hono/jsx';
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { ConfigChange, ImageChange, PartChange } from '../../domain/image-change.ts';
import { commandWords, layerWords, nameWords, partTitle, textWords } from '../../notify/change-words.ts';
import { Icon } from '../parts/icon.tsx';
import type { Row } from '../parts/rows.tsx';
import { BeforeAfter, Odd, Parts, row } from './change-rows.tsx';

/** What is different between two images for one platform. */
export function OneImage({ change, caption }: { readonly change: ImageChange; readonly caption: string }): JSX.Element {
  const rows = [...configRows(change.config), ...layerRows(change)];
  return (
    <>
      <Odd spelling={change.spelling} />
      {change.config.is === 'compared' ? <Odd spelling={change.config.spelling} /> : null}
      {change.config.is === 'unavailable' ? <NoConfig config={change.config} /> : null}
      <Parts
        caption={caption}
        rows={rows}
        none={
          change.config.is === 'unavailable'
            ? 'The layers are the same; what the configuration says is not known.'
            : 'Nothing that is shown here: it is the same image under another manifest, or it differs in values, dates or history.'
        }
      />
      <Unchanged config={change.config} />
    </>
  );
}

function NoConfig({ config }: { readonly config: Extract<ConfigChange, { readonly is: 'unavailable' }> }): JSX.Element {
  return (
    <p class="note">
      <Icon name="undetermined" />
      <span>
        <b>Configurations cannot be compared.</b> {config.after === null ? '' : `Of this image: ${config.after}. `}
        {config.before === null ? '' : `Of the one before: ${config.before}. `}
        That does not mean that nothing changed.
      </span>
    </p>
  );
}

function Unchanged({ config }: { readonly config: ConfigChange }): JSX.Element | null {
  if (config.is === 'unavailable') return null;
  if (config.is === 'same') return <p class="small muted">The configuration is the same, byte by byte.</p>;
  if (config.unchanged.length === 0) return null;
  return (
    <p class="small muted">Unchanged: {config.unchanged.map((part) => partTitle(part).toLowerCase()).join(', ')}.</p>
  );
}

function configRows(config: ConfigChange): Row[] {
  return config.is === 'compared' ? config.changes.map((change) => row(partTitle(change.part), partShown(change))) : [];
}

function partShown(change: PartChange): Child {
  const unclear = change.unclear ? <small>Too long to be kept whole: the rest may differ.</small> : null;
  switch (change.form) {
    case 'names':
      return (
        <>
          {change.removed.length === 0 ? null : <del>{nameWords(change.removed)}</del>}
          {change.added.length === 0 ? null : <ins>{nameWords(change.added)}</ins>}
          {unclear}
        </>
      );
    case 'text':
      return (
        <>
          <BeforeAfter before={textWords(change.part, change.before)} after={textWords(change.part, change.after)} />
          {unclear}
        </>
      );
    case 'command':
      return (
        <>
          <BeforeAfter
            before={<code>{commandWords(change.before)}</code>}
            after={<code>{commandWords(change.after)}</code>}
          />
          {unclear}
        </>
      );
  }
}

function layerRows({ layers }: ImageChange): Row[] {
  const { before, after, same } = layerWords(layers);
  if (same) return [];
  return [row('Layers', <BeforeAfter before={before} after={after} />)];
}

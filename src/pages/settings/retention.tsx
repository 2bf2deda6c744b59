import { retentionWords } from '../../notify/retention-words.ts';
import type { PageInput } from '../page.ts';
import { Rows } from '../parts/rows.tsx';
import { show } from '../show.tsx';
import { SettingsFrame } from './frame.tsx';

/** What is kept how long. Nothing of it can be set: whoever takes over an account must not shorten history. */
export async function retentionPage(input: PageInput): Promise<Response> {
  const rows = retentionWords().map(({ what, kept, why }) => ({ cells: [what, kept, why] }));
  const main = (
    <SettingsFrame input={input} at="/settings/retention">
      <section aria-labelledby="h-kept">
        <div class="head">
          <h2 id="h-kept">What is kept, and for how long</h2>
        </div>
        <p class="slim">
          History is evidence. None of this can be shortened here: somebody who had taken over an account could remove
          their traces. To delete what is known of an image, stop watching it; that stands in the audit log.
        </p>
        <div class="gap">
          <Rows
            caption="What is kept how long"
            columns={[{ label: 'What' }, { label: 'Kept' }, { label: 'Why' }]}
            rows={rows}
            none=""
          />
        </div>
      </section>
    </SettingsFrame>
  );
  return show(input.c, { title: 'Retention', at: '/settings', main });
}

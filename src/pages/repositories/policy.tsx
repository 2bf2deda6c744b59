import { formatImageName } from '../../domain/reference.ts';
import { policyInWords } from '../../notify/policy-words.ts';
import { notHere, type PageInput } from '../page.ts';
import { show } from '../show.tsx';
import { imageOf } from './address.ts';
import { ImageFrame } from './frame.tsx';

/** What is expected of pushes to an image: as a person would say it, and as the API takes it. */
export async function policyPage(input: PageInput): Promise<Response> {
  const { c, services, visit, now } = input;
  const page = await services.repositoryPages.image(visit.session.teamId, imageOf(c), now);
  if (page === null) throw notHere();
  const { repository } = page;
  const image = formatImageName(repository.image);
  const main = (
    <>
      <ImageFrame repository={repository} at="policy" now={now} />
      <section aria-labelledby="h-policy">
        <div class="head">
          <h2 id="h-policy">What is expected of pushes</h2>
          <p>Everything else is told to you</p>
        </div>
        <dl class="panel pad facts">
          {policyInWords(repository.policy).map(({ about, says }) => (
            <>
              <dt>{about}</dt>
              <dd>
                <ul>
                  {says.map((line) => (
                    <li>{line}</li>
                  ))}
                </ul>
              </dd>
            </>
          ))}
        </dl>
      </section>
      <section aria-labelledby="h-json">
        <div class="head">
          <h2 id="h-json">As the API takes it</h2>
          <p>
            PATCH <code>/api/v1/repositories/{repository.id}</code>
          </p>
        </div>
        <details open>
          <summary>JSON</summary>
          <pre class="json">{JSON.stringify(repository.policy, null, 2)}</pre>
        </details>
      </section>
    </>
  );
  return show(c, { title: `Policy of ${image}`, at: '/repositories', main });
}

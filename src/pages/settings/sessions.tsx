import { may } from '../../domain/person.ts';
import { idOf, notHere, type PageInput } from '../page.ts';
import { PostForm } from '../parts/form.tsx';
import { Rows } from '../parts/rows.tsx';
import { When } from '../parts/when.tsx';
import { seeOther, show } from '../show.tsx';
import { auditBy, SettingsFrame } from './frame.tsx';

/** Everybody's for owners, one's own for the others. */
const whose = ({ visit: { session } }: PageInput): number | null =>
  may(session.role, 'manage-team') ? null : session.personId;

export async function sessionsPage(input: PageInput): Promise<Response> {
  const { c, services, visit, now } = input;
  const sessions = await services.sessions.list(visit.session.teamId, whose(input));
  const rows = sessions.map((session) => ({
    cells: [
      session.id === visit.session.id ? `${session.name} (this browser)` : session.name,
      session.userAgent || 'unknown',
      <When at={session.createdAt} now={now} />,
      <When at={session.seenAt} now={now} />,
      <PostForm action={`/settings/sessions/${session.id}/end`} csrf={visit.csrf}>
        <button type="submit" class="btn low">
          End<span class="vh"> this session of {session.name}</span>
        </button>
      </PostForm>,
    ],
  }));
  const main = (
    <SettingsFrame input={input} at="/settings/sessions">
      <section aria-labelledby="h-sessions">
        <div class="head">
          <h2 id="h-sessions">Signed-in browsers</h2>
          <p>A session ends 14 days after its last use, and after 30 in any case</p>
        </div>
        <Rows
          caption="Sessions"
          columns={[
            { label: 'Who' },
            { label: 'Browser' },
            { label: 'Signed in' },
            { label: 'Last seen' },
            { label: 'Change' },
          ]}
          rows={rows}
          none="No browser is signed in."
        />
      </section>
    </SettingsFrame>
  );
  return show(c, { title: 'Sessions', at: '/settings', main });
}

export async function endSession(input: PageInput): Promise<Response> {
  const { c, services, visit } = input;
  const id = idOf(c.req.param('id'));
  const audit = auditBy(input, 'session.ended', String(id));
  if (!(await services.sessions.revoke(visit.session.teamId, whose(input), id, audit))) throw notHere();
  return seeOther(c, '/settings/sessions?done=ended');
}

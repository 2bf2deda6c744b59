/** A push as Docker Hub tells it. */
export interface HubPush {
  /** `namespace/name` */
  readonly path: string;
  readonly tag: string;
  /** The account; which of its tokens was used is not told. */
  readonly pusher: string;
  /** ms since the epoch; told in whole seconds. */
  readonly at: number;
}

/**
 * The body of Docker Hub's webhook: no digest, no signature, no delivery id.
 * @see https://docs.docker.com/docker-hub/repos/manage/webhooks/
 */
export function dockerHubBody({ path, tag, pusher, at }: HubPush): string {
  const [namespace = '', name = ''] = path.split('/');
  return JSON.stringify({
    callback_url: `https://registry.hub.docker.com/u/${path}/hook/2141b5bi5i5b02bec211i4eeih0242eg11000a/`,
    push_data: { pushed_at: Math.floor(at / 1000), pusher, tag },
    repository: {
      comment_count: 0,
      date_created: 1417494799,
      description: '',
      full_description: null,
      is_official: false,
      is_private: false,
      is_trusted: false,
      name,
      namespace,
      owner: namespace,
      repo_name: path,
      repo_url: `https://hub.docker.com/r/${path}`,
      star_count: 0,
      status: 'Active',
    },
  });
}

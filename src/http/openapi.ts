import * as z from 'zod';
import { announcementAnswer, announcementBody } from './ci.ts';
import type { ApiRoute } from './route.ts';

const problem = z
  .object({ type: z.string(), title: z.string(), status: z.int(), detail: z.string() })
  .meta({ id: 'Problem', description: 'RFC 9457 problem details.' });

type Json = Record<string, unknown>;

/** zod's JSON Schema is draft 2020-12, which is what OpenAPI 3.1 uses. */
function schemaOf(schema: z.ZodType, io: 'input' | 'output', components: Json): Json {
  const {
    $schema: _,
    $defs,
    ...rest
  } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as Json & { $defs?: Json }; // its own type is wider
  for (const [name, definition] of Object.entries($defs ?? {})) components[name] ??= relink(definition);
  return relink(rest) as Json; // relink keeps the shape
}

/** References of zod's (`#/$defs/X`) become references within the document. */
function relink(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(relink);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value)
    // zod repeats a schema's name in it; a property that is called `id` has a schema, not a name.
    .filter(([key, inner]) => key !== 'id' || typeof inner !== 'string')
    .map(([key, inner]) => [
      key,
      key === '$ref' && typeof inner === 'string' ? inner.replace('#/$defs/', '#/components/schemas/') : relink(inner),
    ]);
  return Object.fromEntries(entries);
}

function parametersOf(schema: z.ZodType, where: 'path' | 'query', components: Json): Json[] {
  const { properties, required } = schemaOf(schema, 'input', components) as { properties?: Json; required?: string[] }; // an object schema
  return Object.entries(properties ?? {}).map(([name, property]) => ({
    name,
    in: where,
    required: where === 'path' || (required ?? []).includes(name),
    schema: property,
  }));
}

function operationOf(each: ApiRoute, components: Json): Json {
  const parameters = [
    ...parametersOf(each.params, 'path', components),
    ...parametersOf(each.query, 'query', components),
  ];
  const body =
    each.body === null
      ? {}
      : {
          requestBody: {
            required: true,
            content: { 'application/json': { schema: schemaOf(each.body, 'input', components) } },
          },
        };
  return {
    operationId: each.operationId,
    summary: each.summary,
    security: [{ apiKey: [each.scope] }],
    ...(parameters.length > 0 ? { parameters } : {}),
    ...body,
    responses: responses(each, components),
  };
}

function responses(
  {
    status,
    response,
    mediaType,
    headers,
    otherMediaTypes = [],
  }: Pick<ApiRoute, 'status' | 'response' | 'mediaType' | 'headers' | 'otherMediaTypes'>,
  components: Json,
): Json {
  const described = Object.entries(headers).map(([name, description]) => [
    name,
    { description, schema: { type: 'string' } },
  ]);
  return {
    [status]: {
      description: mediaType === 'application/json' ? 'Done.' : 'Lines, each of this form.',
      ...(described.length > 0 ? { headers: Object.fromEntries(described) } : {}),
      content: {
        [mediaType]: { schema: schemaOf(response, 'output', components) },
        ...Object.fromEntries(otherMediaTypes.map((each) => [each, { schema: { type: 'string' } }])),
      },
    },
    default: {
      description: 'Refused, and why.',
      content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
    },
  };
}

/** The OpenAPI 3.1 document of these routes, made from the schemas that check their requests. */
export function openApiDocument(routes: readonly ApiRoute[], serverUrl: string): Json {
  const components: Json = { Problem: schemaOf(problem, 'output', {}) };
  const paths: Record<string, Json> = {};
  for (const each of routes) {
    const path = `/api/v1${each.path.replaceAll(/:(\w+)/g, '{$1}')}`;
    paths[path] = { ...paths[path], [each.method]: operationOf(each, components) };
  }
  paths['/ci/announcements'] = {
    post: {
      operationId: 'announce',
      summary: "A CI job's word about an image, proven by its OIDC token (audience: this installation)",
      security: [{ oidc: [] }],
      requestBody: {
        required: true,
        content: { 'application/json': { schema: schemaOf(announcementBody, 'input', components) } },
      },
      responses: responses(
        { status: 201, response: announcementAnswer, mediaType: 'application/json', headers: {} },
        components,
      ),
    },
  };
  return {
    openapi: '3.1.0',
    info: {
      title: 'Pushwarden',
      version: '1',
      description: 'Tells maintainers of container images when a push was not theirs.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: serverUrl }],
    paths,
    components: {
      schemas: components,
      securitySchemes: {
        apiKey: { type: 'http', scheme: 'bearer', description: 'An API key (pwk_…), scope read or admin.' },
        oidc: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'The OIDC token of the CI job.' },
      },
    },
  };
}

import { listRepositories, listTags } from '@roadstead/distribution/list.ts'
import type { Page } from '@roadstead/distribution/metadata.ts'
import type { Response } from 'express'
import { nextLink, parsePageQuery } from '../http/page-query.ts'
import type { PageQuery } from '../http/page-query.ts'
import type { Handler } from '../registry-service.ts'

/** end-8a, end-8b. */
export const getTags: Handler = async ({ ports }, { repository, query }, res) => {
  const asked = parsePageQuery(query)
  const page = await listTags(ports, repository, asked.after, asked.size)
  linkNext(res, `/v2/${repository.name}/tags/list`, page, asked)
  answerJson(res, { name: repository.name, tags: page.entries })
}

export const getCatalog: Handler = async ({ ports }, { registry, query }, res) => {
  const asked = parsePageQuery(query)
  const page = await listRepositories(ports, registry, asked.after, asked.size)
  linkNext(res, '/v2/_catalog', page, asked)
  answerJson(res, { repositories: page.entries })
}

function linkNext(res: Response, path: string, { entries, more }: Page<string>, { size }: PageQuery): void {
  if (more) res.setHeader('Link', nextLink(path, { last: entries.at(-1)!, n: String(size) }))
}

function answerJson(res: Response, value: unknown): void {
  const body = Buffer.from(JSON.stringify(value))
  res.setHeader('Content-Type', 'application/json; charset=utf-8')
  res.setHeader('Content-Length', body.length)
  res.end(body)
}

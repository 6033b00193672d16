export interface TestCase {
  readonly name: string
  readonly status: 'passed' | 'failed' | 'skipped'
}

/** The test cases of the suite's junit.xml. It escapes every text, so a tag found is a tag. */
export function testCases(junit: string): readonly TestCase[] {
  return [...junit.matchAll(/<testcase\s([^>]*)>/g)].map(([, attributes = '']) => ({
    name: unescape(attribute(attributes, 'name')),
    status: status(attribute(attributes, 'status')),
  }))
}

function attribute(attributes: string, name: string): string {
  return new RegExp(`(?:^|\\s)${name}="([^"]*)"`).exec(attributes)?.[1] ?? ''
}

/** What is neither passed nor skipped counts as failed: `failure`, `error`, and any word that a later suite may invent. */
function status(word: string): TestCase['status'] {
  return word === 'passed' || word === 'skipped' ? word : 'failed'
}

function unescape(text: string): string {
  const named: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }
  return text.replaceAll(/&(?:#(\d+)|#x([0-9a-fA-F]+)|(\w+));/g, (whole, decimal, hex, name: string) => {
    if (name !== undefined) return named[name] ?? whole
    return String.fromCodePoint(decimal === undefined ? Number.parseInt(String(hex), 16) : Number(decimal))
  })
}

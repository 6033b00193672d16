/** One import of a source file. */
export interface Import {
  readonly from: string
  readonly line: number
  readonly typeOnly: boolean
}

const statement = /^(?:import|export)\s+(type\s)?(?:[^'"`;]*?\sfrom\s+)?['"]([^'"\n]+)['"]/gm
const call = /\b(?:import|require|import\.meta\.resolve)\(\s*['"]([^'"\n]+)['"]/g

/** Everything that a source file, formatted as ours are, imports: statements at the start of a line, and calls of import(). */
export function importsOf(source: string): readonly Import[] {
  const code = withoutComments(source)
  const found: Import[] = []
  for (const match of code.matchAll(statement))
    found.push({ from: match[2]!, line: lineAt(code, match.index), typeOnly: match[1] !== undefined })
  for (const match of code.matchAll(call)) found.push({ from: match[1]!, line: lineAt(code, match.index), typeOnly: false })
  return found.sort((a, b) => a.line - b.line)
}

/** Lines on which the environment is read. */
export function environmentReads(source: string): readonly number[] {
  const code = withoutComments(source)
  return [
    ...code.matchAll(
      /\bprocess\s*\.\s*env\b|\{[^}]*\benv\b[^}]*\}\s*=\s*process\b|import\s*\{[^}]*\benv\b[^}]*\}\s*from\s*'node:process'/g,
    ),
  ].map((match) => lineAt(code, match.index))
}

/** Comments become spaces, so that lines stay where they are. A comment mark inside a text is rare, and costs a finding at worst. */
function withoutComments(source: string): string {
  return source.replace(/\/\*[^]*?\*\//g, blank).replace(/(^|\s)\/\/[^\n]*/g, blank)
}

function blank(comment: string): string {
  return comment.replace(/[^\n]/g, ' ')
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length
}

import { z } from 'zod'

/** How one variable is read: what is allowed, what it is when unset, and what a right one looks like. */
export interface Setting<Value> {
  readonly read: z.ZodType<Value>
  readonly example: string
  /** An empty text is a value of its own; else it counts as unset. */
  readonly emptyMeans?: 'a value'
}

export type SettingsTable = Readonly<Record<string, Setting<unknown>>>
export type SettingsOf<Table extends SettingsTable> = {
  readonly [Name in keyof Table]: Table[Name] extends Setting<infer Value> ? Value : never
}

/** Every mistake in the settings, one sentence each, starting with the name of the variable. */
export class WrongSettings extends Error {
  override readonly name = 'WrongSettings'
  readonly mistakes: readonly string[]

  constructor(mistakes: readonly string[]) {
    super(`wrong settings:\n${mistakes.map((mistake) => `  ${mistake}`).join('\n')}`)
    this.mistakes = mistakes
  }
}

/** Reads all variables of the table. Throws `WrongSettings` with all mistakes at once. Values are not repeated: they may be secrets. */
export function readSettings<Table extends SettingsTable>(
  table: Table,
  environment: Readonly<Record<string, string | undefined>>,
): SettingsOf<Table> {
  const settings: Record<string, unknown> = {}
  const mistakes: string[] = []
  for (const [name, setting] of Object.entries(table)) {
    const text = environment[name]
    const result = setting.read.safeParse(text === '' && setting.emptyMeans === undefined ? undefined : text)
    if (result.success) settings[name] = result.data
    else mistakes.push(`${name} ${result.error.issues[0]?.message ?? 'is wrong'}${example(name, setting)}`)
  }
  if (mistakes.length > 0) throw new WrongSettings(mistakes)
  return settings as SettingsOf<Table>
}

function example(name: string, setting: Setting<unknown>): string {
  return setting.example === '' ? '' : `; for example ${name}=${setting.example}`
}

/**
 * Text that `parse` turns into a value; `undefined` from it means wrong, and `wrong` says how it has to be. An Error that it throws says more
 * exactly what is wrong, and repeats no secret.
 */
export function parsed<Value, Unset extends Value | undefined>(
  parse: (text: string) => Value | undefined,
  options: { readonly wrong: string; readonly example: string; readonly unset: Unset; readonly emptyMeans?: 'a value' },
): Setting<Value | Unset> {
  const read = z
    .string()
    .transform((text, context): Value => {
      try {
        const value = parse(text)
        if (value !== undefined) return value
        context.addIssue({ code: 'custom', message: options.wrong })
      } catch (error) {
        context.addIssue({ code: 'custom', message: `cannot be used: ${(error as Error).message}` })
      }
      return z.NEVER
    })
    .optional()
    .transform((value): Value | Unset => (value === undefined ? options.unset : value))
  return { read, example: options.example, ...(options.emptyMeans !== undefined && { emptyMeans: options.emptyMeans }) }
}

export function integer(range: { readonly from: number; readonly to: number; readonly unset: number }): Setting<number> {
  const whole = z.coerce.number().int().min(range.from).max(range.to)
  return parsed((text) => (/^\d{1,15}$/.test(text) ? whole.safeParse(text).data : undefined), {
    wrong: `has to be a whole number from ${range.from} to ${range.to}`,
    example: String(range.unset),
    unset: range.unset,
  })
}

export function oneOf<const Value extends string>(values: readonly [Value, ...Value[]], unset: Value): Setting<Value> {
  const choice = z.enum(values)
  return parsed((text): Value | undefined => choice.safeParse(text).data, {
    wrong: `has to be one of ${values.join(', ')}`,
    example: values[0],
    unset,
  })
}

/** For a variable whose feature this version lacks: set, it must not be ignored as if it had worked. */
export function notSupported(what: string): Setting<undefined> {
  return {
    read: z.undefined({ error: `is set, but ${what} is not supported by this version: leave it out` }),
    example: '',
  }
}

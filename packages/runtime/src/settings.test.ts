import { describe, expect, test } from '@jest/globals'
import { integer, notSupported, oneOf, parsed, readSettings, WrongSettings } from './settings.ts'
import type { SettingsTable } from './settings.ts'

const table = {
  PORT: integer({ from: 0, to: 65535, unset: 5000 }),
  LEVEL: oneOf(['info', 'debug'], 'info'),
  NAME: parsed((text) => (/^[a-z]*$/.test(text) ? text : undefined), {
    wrong: 'has to be letters',
    example: 'abc',
    unset: 'none',
    emptyMeans: 'a value',
  }),
  LATER: notSupported('doing it later'),
}

function mistakesOf(environment: Record<string, string>, of: SettingsTable = table): readonly string[] {
  try {
    readSettings(of, environment)
    return []
  } catch (error) {
    if (error instanceof WrongSettings) return error.mistakes
    throw error
  }
}

describe('readSettings', () => {
  test('gives the defaults of what is unset', () => {
    expect(readSettings(table, {})).toEqual({ PORT: 5000, LEVEL: 'info', NAME: 'none', LATER: undefined })
  })

  test('reads what is set', () => {
    expect(readSettings(table, { PORT: '80', LEVEL: 'debug', NAME: 'x' })).toMatchObject({ PORT: 80, LEVEL: 'debug', NAME: 'x' })
  })

  test('takes empty for unset, except where it is a value', () => {
    expect(readSettings(table, { PORT: '', NAME: '', LATER: '' })).toMatchObject({ PORT: 5000, NAME: '' })
  })

  test('names all mistakes at once, each with the variable, the reason and an example', () => {
    expect(mistakesOf({ PORT: '70000', LEVEL: 'loud', NAME: 'A1', LATER: 'yes' })).toEqual([
      'PORT has to be a whole number from 0 to 65535; for example PORT=5000',
      'LEVEL has to be one of info, debug; for example LEVEL=info',
      'NAME has to be letters; for example NAME=abc',
      'LATER is set, but doing it later is not supported by this version: leave it out',
    ])
  })

  test.each(['5000x', '-1', '1.5', '1e3', '0x10', ' 80', 'NaN', '9999999999999999'])('refuses %p as a port', (text) => {
    expect(mistakesOf({ PORT: text })).toHaveLength(1)
  })

  test('gives the reason of a parser that knows it', () => {
    const parse = (): never => {
      throw new Error('it names no bucket')
    }
    const place = parsed(parse, { wrong: 'has to be a place', example: 's3://bucket', unset: undefined })
    expect(mistakesOf({ PLACE: 's3://' }, { PLACE: place })).toEqual([
      'PLACE cannot be used: it names no bucket; for example PLACE=s3://bucket',
    ])
  })

  test('repeats no value, which may be a secret', () => {
    expect(mistakesOf({ NAME: 'S3CRET' }).join()).not.toContain('S3CRET')
  })
})

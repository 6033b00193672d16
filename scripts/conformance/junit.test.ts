import { describe, expect, test } from '@jest/globals'
import { testCases } from './junit.ts'

const junit = `<testsuites tests="4" errors="0" failures="1">
  <testsuite name="OCI Conformance Test" tests="4">
    <properties><property name="Config" value="registry: &lt;testcase status=&#34;failure&#34;&gt;"></property></properties>
    <testcase name="OCI Conformance Test/ping" classname="" time="0.001" status="passed"><system-err>GET &lt;/v2/&gt;</system-err></testcase>
    <testcase name="OCI Conformance Test/sha512 &#34;blobs&#34;" classname="" time="0.2" status="failure">
      <system-out>expected 201 &amp; got 400</system-out>
    </testcase>
    <testcase name="OCI Conformance Test/cancel" classname="" time="0" status="skipped"></testcase>
    <testcase name="OCI Conformance Test/odd" classname="" time="0" status="error"></testcase>
  </testsuite>
</testsuites>`

describe('the suite report', () => {
  test('names and status of each test case', () => {
    expect(testCases(junit)).toEqual([
      { name: 'OCI Conformance Test/ping', status: 'passed' },
      { name: 'OCI Conformance Test/sha512 "blobs"', status: 'failed' },
      { name: 'OCI Conformance Test/cancel', status: 'skipped' },
      { name: 'OCI Conformance Test/odd', status: 'failed' },
    ])
  })

  test('a report without test cases has none', () => {
    expect(testCases('<testsuites></testsuites>')).toEqual([])
  })
})

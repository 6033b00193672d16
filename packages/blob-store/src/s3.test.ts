import { describeBlobStore } from './testing/contract.ts'
import { describeOnMinio } from './testing/s3-on-minio.ts'

describeOnMinio('S3 on MinIO', ({ minio, open }) => {
  const variants = {
    S3: {},
    'S3 with the checksums of the SDK': { checksums: 'sdk default' },
    'S3 with equal parts': { partSize: 5 * 1024 * 1024 },
  } as const

  for (const [name, address] of Object.entries(variants)) {
    describeBlobStore(name, async () => {
      const store = open({}, { ...address, endpoint: minio().endpoint })
      return { store, another: () => open({}, { ...address, endpoint: minio().endpoint }), close: async () => {} }
    })
  }
})

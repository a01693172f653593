import Archives
import Testing

@Suite struct DigestTests {
  /// RFC 1321, appendix A.5, and FIPS 180-4's examples; the last line is `printf 'a%.0s' {1..1000000} | md5sum`, and
  /// the same by `sha256sum`.
  @Test(arguments: [
    (
      "", "d41d8cd98f00b204e9800998ecf8427e",
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    ),
    (
      "abc", "900150983cd24fb0d6963f7d28e17f72",
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    ),
    (
      String(repeating: "a", count: 1_000_000), "7707d6ae4e027c70eea2a935c2296f21",
      "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
    ),
  ])
  func publishedValues(text: String, md5: String, sha256: String) {
    let bytes = Array(text.utf8)
    for (algorithm, expected) in [(Digest.Algorithm.md5, md5), (.sha256, sha256)] {
      // Whole, and in pieces that are no multiple of a block.
      for piece in [max(bytes.count, 1), 65_537] {
        let digest = Digest(algorithm)
        for start in stride(from: 0, to: bytes.count, by: piece) {
          digest.update(bytes[start..<min(start + piece, bytes.count)].span.bytes)
        }
        #expect(digest.finish() == expected)
      }
    }
  }
}

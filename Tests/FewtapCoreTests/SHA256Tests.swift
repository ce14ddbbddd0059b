import FewtapCore
import Testing

@Suite("SHA-256")
struct SHA256Tests {
  /// Source: NIST, "Cryptographic Standards and Guidelines: Examples with Intermediate Values", SHA-256 and its additional
  /// test data (a million letters a).
  @Test(
    "NIST's examples",
    arguments: [
      ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
      ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
      (
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
      ),
      (
        String(repeating: "a", count: 1_000_000),
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
      ),
    ])
  func examples(message: String, digest: String) {
    var hash = SHA256()
    for byte in message.utf8 { hash.update(byte) }
    #expect(hash.finalize() == digest)
  }

  @Test("numbers are hashed as eight bytes, little-endian")
  func numbers() {
    var (whole, bytes) = (SHA256(), SHA256())
    whole.update(UInt64(0x0807_0605_0403_0201))
    for byte in UInt8(1)...8 { bytes.update(byte) }
    #expect(whole.finalize() == bytes.finalize())
  }
}

import CCrypto
import Tensors

/// A digest of bytes that come piece by piece, by OpenSSL.
public final class Digest {
  /// What is computed.
  public enum Algorithm: String, Sendable {
    /// RFC 1321: enough to recognise a file, not to trust it.
    case md5 = "MD5"
    /// FIPS 180-4.
    case sha256 = "SHA-256"
  }

  private let context: OpaquePointer

  /// Of no bytes yet. Stops if the system's OpenSSL does not offer the algorithm.
  public init(_ algorithm: Algorithm) {
    let kind = algorithm == .md5 ? EVP_md5() : EVP_sha256()
    guard let context = EVP_MD_CTX_new() else {
      stop("Digest(\(algorithm.rawValue)): OpenSSL has no memory for it")
    }
    require(
      EVP_DigestInit_ex(context, kind, nil) == 1,
      "Digest(\(algorithm.rawValue)): this system's OpenSSL does not offer it")
    self.context = context
  }

  deinit { EVP_MD_CTX_free(context) }

  /// Adds bytes at the end.
  public func update(_ bytes: RawSpan) {
    let status = bytes.withUnsafeBytes { EVP_DigestUpdate(context, $0.baseAddress, $0.count) }
    require(status == 1, "Digest.update: OpenSSL refuses \(bytes.byteCount) bytes")
  }

  /// The digest of all bytes, in hexadecimal digits; the last call.
  public func finish() -> String {
    var bytes = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
    var count: UInt32 = 0
    require(
      EVP_DigestFinal_ex(context, &bytes, &count) == 1,
      "Digest.finish: OpenSSL has no result")
    return bytes.prefix(Int(count)).map { byte in
      (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }.joined()
  }
}

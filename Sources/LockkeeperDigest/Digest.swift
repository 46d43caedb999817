internal import COpenSSL

/// SHA-256 (FIPS 180-4) and what is made with it, by OpenSSL's libcrypto, which libcurl and libpq bring along.
public enum Digest {
    private static let length = Int(SHA256_DIGEST_LENGTH)

    /// The 32 bytes of the SHA-256 hash.
    public static func sha256(_ bytes: [UInt8]) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: length) { hash, count in
            precondition(SHA256(bytes, bytes.count, hash.baseAddress) != nil, "libcrypto has no SHA-256")
            count = length
        }
    }

    /// The 32 bytes of the HMAC (RFC 2104) with SHA-256.
    public static func hmacSHA256(_ bytes: [UInt8], key: [UInt8]) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: length) { code, count in
            let result = HMAC(EVP_sha256(), key, Int32(key.count), bytes, bytes.count, code.baseAddress, nil)
            precondition(result != nil, "libcrypto has no HMAC with SHA-256")
            count = length
        }
    }

    /// Two lower-case digits for each byte.
    public static func hexadecimal(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}

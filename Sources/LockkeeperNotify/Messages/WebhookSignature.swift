public import LockkeeperCore
import LockkeeperDigest
public import LockkeeperTransfer

/// Proves to a generic webhook that a message comes from an agent that shares its secret, and when it was sent.
public struct WebhookSignature: Sendable {
    /// `Lockkeeper-Timestamp`, in seconds since the Unix epoch, and `Lockkeeper-Signature`: `v1=` and the hexadecimal
    /// HMAC-SHA256, keyed with the secret, over timestamp, full stop and body.
    ///
    /// The receiver computes the same, compares in constant time, and refuses timestamps that are minutes old.
    public let headers: HeaderFields

    /// Signs a body.
    public init(of body: [UInt8], at time: Timestamp, secret: String) {
        let timestamp = String(time.microseconds / 1_000_000)
        let code = Digest.hmacSHA256(Array("\(timestamp).".utf8) + body, key: Array(secret.utf8))
        headers = ["Lockkeeper-Timestamp": timestamp, "Lockkeeper-Signature": "v1=" + Digest.hexadecimal(code)]
    }
}

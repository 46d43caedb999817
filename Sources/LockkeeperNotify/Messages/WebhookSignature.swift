import Crypto
public import LockkeeperCore
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
        var code = HMAC<SHA256>(key: SymmetricKey(data: Array(secret.utf8)))
        code.update(data: Array("\(timestamp).".utf8))
        code.update(data: body)
        let digits = code.finalize().map { byte in
            let text = String(byte, radix: 16)
            return text.utf8.count == 1 ? "0" + text : text
        }
        headers = ["Lockkeeper-Timestamp": timestamp, "Lockkeeper-Signature": "v1=" + digits.joined()]
    }
}

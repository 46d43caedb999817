import FoundationEssentials

/// A name and a password as the header `Authorization: Basic` has them (RFC 7617).
struct BasicCredentials: Hashable {
    var name: String
    var password: [UInt8]

    init(name: String, password: [UInt8]) {
        self.name = name
        self.password = password
    }

    /// `nil` if it is another scheme, or not what the scheme says.
    init?(authorization: String?) {
        guard let parts = authorization?.split(separator: " ", maxSplits: 1), parts.count == 2,
            parts[0].lowercased() == "basic", let bytes = Data(base64Encoded: String(parts[1].drop { $0 == " " })),
            let colon = bytes.firstIndex(of: UInt8(ascii: ":")),
            let name = String(validating: bytes[..<colon], as: UTF8.self)
        else { return nil }
        self.name = name
        password = Array(bytes[bytes.index(after: colon)...])
    }
}

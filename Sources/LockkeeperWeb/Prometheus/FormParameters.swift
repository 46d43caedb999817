/// Parameters in the form `application/x-www-form-urlencoded` (https://url.spec.whatwg.org/#application/x-www-form-urlencoded),
/// as in a URL's query and in the body of a form. Names may come several times.
struct FormParameters {
    private var pairs: [(name: String, value: String)] = []

    /// - Parameter texts: one after the other; what cannot be decoded is taken as replacement characters, as browsers do.
    init(_ texts: String...) {
        for text in texts {
            for part in text.split(separator: "&") {
                let pieces = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                pairs.append((Self.decoded(pieces[0]), pieces.count > 1 ? Self.decoded(pieces[1]) : ""))
            }
        }
    }

    /// The first value of a name, if it is not empty.
    subscript(name: String) -> String? {
        pairs.first { $0.name == name && !$0.value.isEmpty }?.value
    }

    /// All values of a name.
    func all(_ name: String) -> [String] { pairs.filter { $0.name == name }.map(\.value) }

    private static func decoded(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+"): bytes.append(0x20)
            case UInt8(ascii: "%"):
                let digits = rest.prefix(2)
                // A number may have a sign, which no escape has.
                if digits.count == 2, digits.first != UInt8(ascii: "+"),
                    let code = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
                {
                    bytes.append(code)
                    rest = rest.dropFirst(2)
                } else {
                    bytes.append(byte)
                }
            default: bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

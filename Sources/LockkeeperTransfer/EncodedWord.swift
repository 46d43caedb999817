/// Text in a message's header that is not plain ASCII (RFC 2047): UTF-8 in the "Q" encoding, which leaves mostly-ASCII
/// text readable in raw form.
enum EncodedWord {
    /// A word may be 75 characters long and a line with one in it 76 (RFC 2047, section 2); this leaves room for the
    /// header's name.
    private static let maximumLength = 60
    private static let opening = "=?UTF-8?Q?"
    private static let closing = "?="

    /// Whether text can stand in a header as it is.
    static func isNeeded(for text: String) -> Bool {
        text.utf8.contains { $0 >= 0x7F } || text.contains("=?")
    }

    /// One or more encoded words, separated by single spaces, which a reader drops again.
    static func encode(_ text: String) -> String {
        var words: [String] = []
        var current = ""
        for scalar in text.unicodeScalars {
            let encoded = encode(scalar)
            // A character must not be divided between two words (RFC 2047, section 5).
            if opening.utf8.count + current.utf8.count + encoded.utf8.count + closing.utf8.count > maximumLength {
                words.append(opening + current + closing)
                current = ""
            }
            current += encoded
        }
        if !current.isEmpty { words.append(opening + current + closing) }
        return words.joined(separator: " ")
    }

    private static func encode(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case " ": return "_"
        // The characters that are safe even in a display name (RFC 2047, section 5, rule 3).
        case "a"..."z", "A"..."Z", "0"..."9", "!", "*", "+", "-", "/": return String(Character(scalar))
        default:
            return String(scalar).utf8.map { byte in
                let digits = String(byte, radix: 16, uppercase: true)
                return "=" + (digits.utf8.count == 1 ? "0" : "") + digits
            }.joined()
        }
    }
}

/// A header of a mail as it goes over the wire: checked, encoded and folded (RFC 5322, section 2.2).
enum HeaderLine {
    /// Lines should not be longer (RFC 5322, section 2.1.1).
    private static let softLimit = 78
    /// Lines must not be longer.
    private static let hardLimit = 998

    /// `Name: value` of unstructured text or of tokens that are ASCII anyway.
    static func text(_ name: String, _ value: String) throws(TransferError) -> String {
        try check(name: name)
        try check(value: value, of: name)
        return try fold(name, EncodedWord.isNeeded(for: value) ? EncodedWord.encode(value) : value)
    }

    /// `Name: mailbox, mailbox`.
    static func mailboxes(_ name: String, _ mailboxes: [MailAddress]) throws(TransferError) -> String {
        var written: [String] = []
        for mailbox in mailboxes {
            try check(value: mailbox.address, of: name)
            try check(value: mailbox.name ?? "", of: name)
            written.append(mailbox.name.map { "\(phrase($0)) <\(mailbox.address)>" } ?? mailbox.address)
        }
        return try fold(name, written.joined(separator: ", "))
    }

    /// - Throws: when a name is not a token (RFC 9110, section 5.6.2; a subset of RFC 5322's).
    static func check(name: String) throws(TransferError) {
        guard !name.isEmpty, name.utf8.allSatisfy({ isTokenByte($0) }) else {
            throw .invalid("a header's name has a character that must not be in it: use letters, digits and -")
        }
    }

    /// - Throws: when a value has a control character: a line break would begin a header, or a body, of its own.
    static func check(value: String, of name: String) throws(TransferError) {
        guard !value.utf8.contains(where: { ($0 < 0x20 && $0 != 0x09) || $0 == 0x7F }) else {
            throw .invalid(
                "the value of the header \(name) has a line break, NUL or other control character in it: remove it")
        }
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }

    private static func phrase(_ name: String) -> String {
        if EncodedWord.isNeeded(for: name) { return EncodedWord.encode(name) }
        let isAtoms = name.utf8.allSatisfy { $0 == UInt8(ascii: " ") || ($0 != UInt8(ascii: ".") && isTokenByte($0)) }
        if isAtoms { return name }
        return "\"" + name.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }

    private static func fold(_ name: String, _ value: String) throws(TransferError) -> String {
        var lines: [String] = []
        var line = name + ":"
        var isFirstWord = true
        for word in value.split(separator: " ", omittingEmptySubsequences: false) {
            // The first word stays on the name's line: some readers take a value that begins folded for an empty one.
            // An empty word is one of several spaces in a row; a line of nothing but spaces is not allowed.
            if !isFirstWord, !word.isEmpty, line.utf8.count + 1 + word.utf8.count > softLimit, line.last != " " {
                lines.append(line)
                line = ""
            }
            line += " " + word
            isFirstWord = false
        }
        lines.append(line)
        guard lines.allSatisfy({ $0.utf8.count <= hardLimit }) else {
            throw .invalid("the header \(name) has a word of more than \(hardLimit) characters: shorten it")
        }
        return lines.joined(separator: "\r\n")
    }
}

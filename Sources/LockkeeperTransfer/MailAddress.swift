/// A mailbox: an address and, if it has one, the name of whoever reads it.
public struct MailAddress: Sendable, Hashable, CustomStringConvertible {
    /// `local@domain`, in ASCII.
    public let address: String
    /// The display name, any text without control characters.
    public let name: String?

    /// Why a text is no mailbox, in words for the person who wrote it.
    public struct Invalid: Error, Sendable, Hashable, CustomStringConvertible {
        /// What is wrong and what to write instead.
        public let description: String
    }

    /// Reads `local@domain` or `Name <local@domain>` (RFC 5322, section 3.4, without comments, groups and quoted
    /// local parts).
    ///
    /// - Throws: ``Invalid`` when the text is not one mailbox, or has a control character in it: a line break in
    ///   an address would put a command of its own on the wire.
    public init(_ text: String) throws(Invalid) {
        guard let open = text.firstIndex(of: "<") else {
            try self.init(address: text, name: nil)
            return
        }
        guard text.last == ">" else {
            throw Invalid(description: "write it as Name <local@domain>: the closing > is not at the end")
        }
        let inner = text[text.index(after: open)...].dropLast()
        var name = text[..<open]
        while name.last == " " { name.removeLast() }
        while name.first == " " { name.removeFirst() }
        if name.count >= 2, name.first == "\"", name.last == "\"" { name = name.dropFirst().dropLast() }
        try self.init(address: String(inner), name: name.isEmpty ? nil : String(name))
    }

    /// A mailbox from its two parts.
    ///
    /// - Throws: ``Invalid`` as ``init(_:)``.
    public init(address: String, name: String?) throws(Invalid) {
        if address.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F })
            || name?.utf8.contains(where: { $0 < 0x20 }) == true
        {
            throw Invalid(description: "a mail address has no control characters (line breaks, NUL, tabs) in it")
        }
        guard address.utf8.allSatisfy({ $0 < 0x80 }) else {
            throw Invalid(description: "a mail address is ASCII; write an international domain as xn--…")
        }
        let forbidden = " <>,;:\"\\()"
        guard !address.contains(where: { forbidden.contains($0) }) else {
            throw Invalid(description: "an address is one local@domain without spaces, quotes or <>,;:()")
        }
        let parts = address.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
            throw Invalid(description: "an address has one @ with something on both sides, as in ops@example.org")
        }
        guard address.utf8.count <= 254 else {
            throw Invalid(description: "an address has at most 254 characters")
        }
        self.address = address
        self.name = name
    }

    /// `Name <local@domain>`, or the bare address.
    public var description: String { name.map { "\($0) <\(address)>" } ?? address }
}

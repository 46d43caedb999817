/// What the configuration checks of mail servers and addresses, so that a mistake shows when the file is read and not at 3 a.m.
enum MailSyntax {
    /// What is wrong with `local@domain` or `Name <local@domain>`; `nil` if nothing is.
    static func objection(toMailbox text: String) -> String? {
        guard !text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) else {
            return "contains a control character"
        }
        var address = Substring(text)
        if let open = text.firstIndex(of: "<") {
            guard text.last == ">" else { return "has a `<` without a `>` at the end" }
            address = text[text.index(after: open)...].dropLast()
        }
        guard address.utf8.allSatisfy({ $0 < 0x80 }) else { return "has letters beyond ASCII in its address" }
        guard !address.contains(where: { " <>,;:\"\\()".contains($0) }) else { return "is not one address" }
        let parts = address.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty, address.utf8.count <= 254 else {
            return "is not a mail address"
        }
        return nil
    }

    /// The part that mail is sent to.
    static func address(ofMailbox text: String) -> String {
        guard let open = text.firstIndex(of: "<") else { return text.lowercased() }
        return text[text.index(after: open)...].dropLast().lowercased()
    }
}

/// Why a text is no template or could not be filled in, and where.
public struct TemplateError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What is wrong, without the place.
    public let message: String
    /// In UTF-8 bytes from 0.
    public let offset: Int
    /// From 1.
    public let line: Int
    /// In Unicode scalars from 1.
    public let column: Int

    /// `line:column: message`
    public var description: String { "\(line):\(column): \(message)" }

    init(_ message: String, at offset: Int, in source: String) {
        self.message = message
        self.offset = offset
        var line = 1
        var column = 1
        for byte in source.utf8.prefix(offset) {
            if byte == 0x0A {
                line += 1
                column = 1
            } else if byte & 0xC0 != 0x80 {
                column += 1
            }
        }
        self.line = line
        self.column = column
    }
}

/// A value that must not be shown: a password, a token, a webhook's URL.
///
/// It prints as `(hidden)`, also inside other values, in string interpolation, `dump` and a debugger. One that lies in a file is read
/// again each time it is used, so that it can be changed while the agent runs.
public struct Secret: Sendable, Hashable {
    private enum Source: Sendable, Hashable {
        case literal(String)
        case file(String)
    }

    private let source: Source

    /// Larger than any key or certificate, smaller than a mistake.
    static let sizeLimit = 65_536

    /// A value that is known already, from the configuration or the environment.
    public init(literal value: String) {
        source = .literal(value)
    }

    /// A value that lies in a file.
    public init(file path: String) {
        source = .file(path)
    }

    /// The file that it is read from; `nil` if there is none.
    public var file: String? {
        if case .file(let path) = source { path } else { nil }
    }

    /// The value now. Line ends at the end of the file don't belong to it.
    ///
    /// - Throws: `SecretFailure` if the file cannot be read, is empty, or holds what no secret does.
    public func read() throws(SecretFailure) -> String {
        switch source {
        case .literal(let value): return value
        case .file(let path): return try Self.readFile(path).value
        }
    }

    /// The value, and whether everybody on this machine may read it.
    static func readFile(_ path: String) throws(SecretFailure) -> (value: String, isReadableByEveryone: Bool) {
        let file: TextFile
        do {
            file = try TextFile(path: path, limit: sizeLimit)
        } catch {
            throw SecretFailure(path: path, reason: error.reason)
        }
        var value = Substring(file.text)
        while let last = value.last, last.isNewline { value.removeLast() }
        guard !value.isEmpty else { throw SecretFailure(path: path, reason: "is empty") }
        guard !value.unicodeScalars.contains("\0") else {
            throw SecretFailure(path: path, reason: "contains a NUL byte, so it is not a text file")
        }
        return (String(value), file.isReadableByEveryone)
    }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { ConfigurationProblem.hiddenValue }
    public var debugDescription: String { ConfigurationProblem.hiddenValue }
    /// Empty: what walks over values by reflection, such as `dump`, finds nothing.
    public var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }
}

/// Why a secret's file could not be used. Contains nothing of its content.
public struct SecretFailure: Error, Sendable, Hashable, CustomStringConvertible {
    public let path: String
    /// A sentence's end: "does not exist".
    public let reason: String

    public init(path: String, reason: String) {
        self.path = path
        self.reason = reason
    }

    public var description: String { "the secret file \(path) \(reason)" }
}

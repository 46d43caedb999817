/// Where the agent answers HTTP.
public struct ListenAddress: Sendable, Hashable, CustomStringConvertible {
    /// A host name or address; an IPv6 address without its brackets.
    public var host: String
    /// 0 lets the system choose a free port.
    public var port: Int

    public init(host: String = "127.0.0.1", port: Int = 9743) {
        self.host = host
        self.port = port
    }

    /// Reads `host:port` or `[IPv6]:port`; `nil` if it is not that.
    public init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        var host = text[..<colon]
        let port = text[text.index(after: colon)...]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
            guard host.contains(":") else { return nil }
        } else if host.contains(where: { ":[]".contains($0) }) {
            return nil
        }
        guard !host.isEmpty, !host.contains(where: { $0.isWhitespace || $0 == "/" }),
            port.utf8.allSatisfy({ (48...57).contains($0) }), let number = Int(port), (0...65_535).contains(number)
        else { return nil }
        self.init(host: String(host), port: number)
    }

    /// Whether only this machine can reach it.
    public var isLoopback: Bool { Self.isLoopback(host) }

    static func isLoopback(_ host: String) -> Bool {
        if host == "localhost" || host == "::1" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// How the agent of a configuration file is reached, for those on its machine who ask it something.
///
/// Whatever else is in the file does not matter, nor whether the environment has what the agent's has: somebody who is to acknowledge an
/// incident has other things to do than to put a configuration right.
public struct AgentAccess: Sendable, Hashable {
    /// Without a slash at the end; `nil` where the system chooses the port.
    public var url: String?
    /// The certificate that the agent shows, to be trusted by itself; `nil` without TLS.
    public var certificateFile: String?
    /// What actions take. Not read yet: who asks need not be permitted to.
    public var token: Secret?

    /// Reads it from a configuration file.
    ///
    /// - Throws: what is wrong if the file cannot be read, or is not YAML.
    public init(path: String, environment: [String: String]) throws(ConfigurationProblems) {
        let file = try Configuration.file(path)
        // What is wrong with the fields is the agent's affair, and `check`'s.
        let context = ReadingContext(file: path, folder: TextFile.folder(of: path), environment: environment)
        var root: ConfigurationSection?
        switch YAMLText.compose(file.text) {
        case .success(let node):
            root = node.flatMap { ConfigurationField(node: $0, path: "", context: context).section(.root) }
        case .failure(let error):
            throw ConfigurationProblems([
                ConfigurationProblem(
                    file: path, line: error.line, column: error.column, message: error.message, hint: error.hint)
            ])
        }
        let web = root?["web"]?.section(.web)
        if let literal = web?["token"]?.text() {
            token = Secret(literal: literal.value)
        } else if let text = web?["token_file"]?.text() {
            token = Secret(file: TextFile.resolve(text.value, in: context.folder))
        }
        if let text = web?["tls"]?.section(.webTLS)?["cert_file"]?.text() {
            certificateFile = TextFile.resolve(text.value, in: context.folder)
        }
        url = Self.url(
            listen: root?["listen"]?.text().flatMap { ListenAddress($0.value) } ?? ListenAddress(),
            externalURL: root?["external_url"]?.text()?.value, isSecure: certificateFile != nil)
    }

    private static func url(listen: ListenAddress, externalURL: String?, isSecure: Bool) -> String? {
        guard listen.port != 0 else { return nil }
        var address = listen
        switch listen.host {
        case "0.0.0.0": address.host = "127.0.0.1"
        case "::": address.host = "::1"
        default: break
        }
        // A certificate is for a name, and an agent that others reach over TLS has it in its external URL.
        if isSecure, !listen.isLoopback, let external = externalURL.flatMap(URLParts.init), external.scheme == "https" {
            address.host = external.host
        }
        return "\(isSecure ? "https" : "http")://\(address)"
    }
}

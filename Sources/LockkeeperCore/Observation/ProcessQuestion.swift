/// A session whose server process and client process are to be looked for on the agent's machine.
public struct ProcessQuestion: Sendable, Hashable, Codable {
    public var session: SessionIdentity
    /// The tool of the run that the session works for; `nil` for a session in the way of a run.
    public var tool: String?
    /// The client's address as the server knows it, or "" for a Unix socket.
    public var clientAddress: String
    /// -1 for a Unix socket, 0 if unknown.
    public var clientPort: Int32
    /// The port that the server listens on, by its own setting; `nil` if unknown.
    public var serverPort: Int32?

    public init(
        session: SessionIdentity, tool: String? = nil, clientAddress: String, clientPort: Int32,
        serverPort: Int32? = nil
    ) {
        self.session = session
        self.tool = tool
        self.clientAddress = clientAddress
        self.clientPort = clientPort
        self.serverPort = serverPort
    }

    public init(_ session: Session, tool: String?, serverPort: Int32?) {
        self.init(
            session: session.identity, tool: tool, clientAddress: session.clientAddress,
            clientPort: session.clientPort, serverPort: serverPort)
    }
}

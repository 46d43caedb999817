import HTTPTypes

/// Decides who may read, and who may act.
///
/// Everybody may read as long as no users are configured. With users, reading takes one's name and password, or the token. Actions take
/// the token in any case: a browser sends a password by itself, also where another site made it ask.
struct Doorkeeper: Sendable {
    let token: @Sendable () async throws -> String?
    let users: @Sendable () async -> [String: String]
    private let passwords = PasswordDesk()

    init(
        token: @escaping @Sendable () async throws -> String?, users: @escaping @Sendable () async -> [String: String]
    ) {
        self.token = token
        self.users = users
    }

    private static let askForPassword: HTTPFields = [.wwwAuthenticate: "Basic realm=\"lockkeeper\", charset=\"UTF-8\""]

    /// - Throws: `Refusal` if the request may not read.
    func admitReading(_ authorization: String?) async throws {
        let users = await users()
        guard !users.isEmpty else { return }
        if let credentials = BasicCredentials(authorization: authorization) {
            switch await passwords.check(credentials, against: users) {
            case .right: return
            case .wrong:
                throw Refusal(.unauthorized, "the name or the password is wrong", headers: Self.askForPassword)
            case .busy:
                throw Refusal(
                    .tooManyRequests, "too many passwords are waiting to be checked; try again",
                    headers: [.retryAfter: "5"])
            }
        }
        guard BearerToken.presented(in: authorization) != nil else {
            throw Refusal(
                .unauthorized,
                "who reads here says who they are: a name of `web.basic_auth_users` with its password, or the header `Authorization: Bearer TOKEN`",
                headers: Self.askForPassword)
        }
        switch BearerToken.check(authorization: authorization, expected: try await token()) {
        case .accepted: return
        case .notConfigured, .missing, .wrong:
            throw Refusal(
                .unauthorized, "the token is wrong",
                headers: [.wwwAuthenticate: "Bearer realm=\"lockkeeper\", error=\"invalid_token\""])
        }
    }

    /// Whether the request may read, where it is answered in either case.
    func mayRead(_ authorization: String?) async -> Bool {
        do {
            try await admitReading(authorization)
            return true
        } catch {
            return false
        }
    }

    /// - Throws: `Refusal` if the request may change nothing.
    func admitAction(_ authorization: String?) async throws {
        switch BearerToken.check(authorization: authorization, expected: try await token()) {
        case .accepted:
            break
        case .notConfigured:
            throw Refusal(
                .forbidden,
                "actions over HTTP need a token, and none is configured: set `web.token_file` in the configuration, or send the agent SIGHUP to reload"
            )
        case .missing:
            throw Refusal(
                .unauthorized, "this needs the header `Authorization: Bearer TOKEN`",
                headers: [.wwwAuthenticate: "Bearer realm=\"lockkeeper\""])
        case .wrong:
            throw Refusal(
                .unauthorized, "the token is wrong",
                headers: [.wwwAuthenticate: "Bearer realm=\"lockkeeper\", error=\"invalid_token\""])
        }
    }
}

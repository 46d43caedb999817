import ArgumentParser
import FoundationEssentials
import LockkeeperConfig

/// A running agent's HTTP, for commands that ask it: where it is, what it is trusted by, and who asks. What is not given is taken from
/// the configuration.
struct AgentAddress: ParsableArguments {
    @Option(
        help: "Where the agent, or a Prometheus, listens; else the configuration says, else http://127.0.0.1:9743.")
    var url: String?

    @Option(
        help: ArgumentHelp(
            "A file with the certificates (PEM) to trust instead of the system's: the agent's own, if it signed it itself.",
            valueName: "file"))
    var caFile: String?

    @Option(
        help: ArgumentHelp(
            "A file with the bearer token; else LOCKKEEPER_TOKEN is taken, or the configuration's.", valueName: "file"))
    var tokenFile: String?

    @Option(
        name: .customLong("config"),
        help: ArgumentHelp(
            "The agent's configuration file; else lockkeeper.yml or /etc/lockkeeper/lockkeeper.yml, unless there is --url.",
            valueName: "file"))
    var configurationFile: String?

    func validate() throws {
        // Arguments can be read by every user of the machine, and stay in the shell's history.
        guard url?.contains("@") != true else {
            throw ValidationError("--url has credentials in it: set LOCKKEEPER_BASIC_AUTH=NAME:PASSWORD instead")
        }
    }

    /// Where to ask, and with what.
    ///
    /// - Parameter isAction: whether something is to be changed, for which a password is never enough.
    /// - Throws: `CommandFailure` if what is named cannot be read.
    func endpoint(forAction isAction: Bool = false) throws -> AgentEndpoint {
        var remarks: [String] = []
        let access = try access(&remarks)
        let authorization = try authorization(access, isAction, &remarks)
        return AgentEndpoint(
            url: url ?? access?.url ?? "http://127.0.0.1:9743", authorization: authorization,
            certificateAuthorityFile: caFile ?? (url == nil ? access?.certificateFile : nil), isAction: isAction,
            remarks: remarks)
    }

    /// What the configuration says. `nil` if there is none, and for a URL that somebody names: that may be another agent, which the
    /// token is not for.
    private func access(_ remarks: inout [String]) throws -> AgentAccess? {
        guard url == nil || configurationFile != nil else { return nil }
        guard let path = configurationFile ?? ConfigurationSource.usualFile else { return nil }
        do throws(ConfigurationProblems) {
            let access = try AgentAccess(path: path, environment: ProcessInfo.processInfo.environment)
            if access.url == nil { remarks.append("`listen` in \(path) does not say which port it is: `--url` does") }
            return access
        } catch {
            guard configurationFile == nil else {
                throw CommandFailure(.usage, lines: error.problems.map(\.description))
            }
            remarks.append("where it listens was not taken from \(path): \(error.problems[0].message)")
            return nil
        }
    }

    /// `nil` if nobody says who asks.
    private func authorization(
        _ access: AgentAccess?, _ isAction: Bool, _ remarks: inout [String]
    ) throws -> String? {
        let environment = ProcessInfo.processInfo.environment
        if let tokenFile {
            do throws(SecretFailure) {
                return "Bearer " + (try Secret(file: tokenFile).read())
            } catch {
                throw CommandFailure(.usage, "--token-file: \(error)")
            }
        }
        if let token = environment["LOCKKEEPER_TOKEN"], !token.isEmpty { return "Bearer \(token)" }
        if !isAction, let credentials = environment["LOCKKEEPER_BASIC_AUTH"], !credentials.isEmpty {
            guard credentials.contains(":") else {
                throw CommandFailure(.usage, "LOCKKEEPER_BASIC_AUTH has no colon: it has the form NAME:PASSWORD")
            }
            return "Basic " + Data(credentials.utf8).base64EncodedString()
        }
        do throws(SecretFailure) {
            return try access?.token.map { token throws(SecretFailure) in "Bearer " + (try token.read()) }
        } catch {
            // Not every question takes one.
            remarks.append("the configuration's token was not sent: \(error)")
            return nil
        }
    }
}

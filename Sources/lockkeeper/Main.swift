import ArgumentParser
import Glibc

@main
enum Main {
    /// Runs the command. ArgumentParser's own exit status for a usage error, 64, becomes 2.
    static func main() async {
        // A reader that goes away (`lockkeeper migrations | head`), or a receiver that hangs up, must not kill the agent.
        signal(SIGPIPE, SIG_IGN)
        do {
            var command = try Lockkeeper.parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch let failure as CommandFailure {
            for line in failure.lines { Console.error(line) }
            exit(failure.status.rawValue)
        } catch {
            let status = Lockkeeper.exitCode(for: error)
            let message = Lockkeeper.fullMessage(for: error)
            if status == .success {
                print(message)
            } else if !message.isEmpty {
                Console.error(message)
                if let hint = Lockkeeper.hint(for: Array(CommandLine.arguments.dropFirst())) { Console.error(hint) }
            }
            exit(status == .validationFailure ? CommandFailure.Status.usage.rawValue : status.rawValue)
        }
    }
}

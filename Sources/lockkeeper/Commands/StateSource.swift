import ArgumentParser
import LockkeeperConfig
import LockkeeperStore

/// The agent's state, for commands that read its history, whether it runs or not.
struct StateSource: ParsableArguments {
    @OptionGroup var configuration: ConfigurationSource

    @Option(
        name: .customLong("state"),
        help: ArgumentHelp("The state folder; else the configuration's.", valueName: "folder"))
    var folder: String?

    @Option(help: "How many to list at most.")
    var limit = 50

    @Flag(help: "Prints JSON, as the HTTP API answers it.")
    var json = false

    func validate() throws {
        guard limit > 0 else { throw ValidationError("--limit is to be at least 1") }
    }

    func open() async throws -> Store {
        let path = try folder ?? configuration.loadOrFail().stateFolder
        do {
            return try await Store.openReadOnly(path)
        } catch let error as StoreError {
            throw CommandFailure(.unreachable, "state: \(error)")
        }
    }
}

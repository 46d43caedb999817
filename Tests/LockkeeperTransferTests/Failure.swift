import LockkeeperTransfer
import Testing

/// The error with which a transfer fails; records an issue and returns nil when it does not.
func failure<Answer>(
    of transfer: () async throws(TransferError) -> Answer, sourceLocation: SourceLocation = #_sourceLocation
) async -> TransferError? {
    do throws(TransferError) {
        let answer = try await transfer()
        Issue.record("succeeded with \(answer)", sourceLocation: sourceLocation)
        return nil
    } catch {
        return error
    }
}

/// Hands a client to `body` and shuts it down whatever happens.
func withClient<Result>(_ body: (TransferClient) async throws -> Result) async throws -> Result {
    let client = TransferClient()
    do {
        let result = try await body(client)
        await client.shutdown()
        return result
    } catch {
        await client.shutdown()
        throw error
    }
}

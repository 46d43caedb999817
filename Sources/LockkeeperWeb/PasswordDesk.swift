import Dispatch
import Glibc
import LockkeeperDigest

/// Checks passwords, one at a time, on a thread of its own: bcrypt is slow by intention, and who guesses must not get the machine.
///
/// What has been found right is remembered, so that a scraper does not cost a check each time. It is kept as a keyed hash that
/// is of no use outside this process.
actor PasswordDesk {
    enum Verdict: Hashable {
        case right
        case wrong
        /// Too many are waiting.
        case busy
    }

    /// Different names and passwords that wait to be checked.
    private static let room = 8
    /// More than anybody has users and scrapers; nothing wrong gets in.
    private static let memory = 1024

    private let key = (0..<32).map { _ in UInt8.random(in: .min ... .max) }
    private let queue = DispatchQueue(label: "lockkeeper.passwords", qos: .utility)
    private let isPassword: @Sendable ([UInt8], String) -> Bool
    private var known: Set<[UInt8]> = []
    /// A browser asks for several things at once: the same password is checked once for all of them.
    private var underway: [[UInt8]: Task<Bool, Never>] = [:]

    /// - Parameter isPassword: whether a password has a hash.
    init(isPassword: @escaping @Sendable ([UInt8], String) -> Bool = { PasswordHash.isPassword($0, of: $1) }) {
        self.isPassword = isPassword
    }

    /// - Parameter users: the names with their hashes. A name that is not there takes as long as one whose password is wrong.
    func check(_ credentials: BasicCredentials, against users: [String: String]) async -> Verdict {
        let hash = users[credentials.name]
        let proof = proof(of: credentials, hash ?? "")
        if known.contains(proof) { return .right }
        if let check = underway[proof] { return await check.value && hash != nil ? .right : .wrong }
        guard underway.count < Self.room else { return .busy }
        let check = start(credentials.password, hash ?? PasswordHash.nobodys(like: users.values))
        underway[proof] = check
        let isRight = await check.value && hash != nil
        underway[proof] = nil
        guard isRight else { return .wrong }
        if known.count >= Self.memory { known = [] }
        known.insert(proof)
        return .right
    }

    /// Puts a check into the queue.
    private func start(_ password: [UInt8], _ hash: String) -> Task<Bool, Never> {
        Task { [queue, isPassword] in
            await withCheckedContinuation { continuation in
                queue.async {
                    let clock = ContinuousClock()
                    let begin = clock.now
                    let isRight = isPassword(password, hash)
                    continuation.resume(returning: isRight)
                    // Half of a core is the most that guessing can take.
                    if !isRight { Self.rest(clock.now - begin) }
                }
            }
        }
    }

    /// The hash is part of it: a password that is changed in the configuration is no longer known.
    private func proof(of credentials: BasicCredentials, _ hash: String) -> [UInt8] {
        var bytes: [UInt8] = []
        for part in [Array(credentials.name.utf8), Array(hash.utf8), credentials.password] {
            withUnsafeBytes(of: part.count) { bytes += $0 }
            bytes += part
        }
        return Digest.hmacSHA256(bytes, key: key)
    }

    private static func rest(_ time: Duration) {
        let (seconds, attoseconds) = time.components
        var pause = timespec(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
        nanosleep(&pause, nil)
    }
}

import Foundation
public import LockkeeperCore
import Synchronization

/// Looks at this machine's processes: one for the whole agent, so that a hundred targets do not look a hundred times.
///
/// It reads `/proc`, on a thread of its own, and asks the kernel for the ends of sockets. What it may not see it says so of. No process's
/// environment is read, and command lines are kept without their secrets.
public final class ProcessReader: Sendable {
    private let queue = DispatchQueue(label: "lockkeeper.processes", qos: .utility)
    private let sight = Mutex(ProcessSight())

    public init() {}

    /// Takes over which targets are watched, which decides whose a tool's process is that has not connected. Folders may be relative to the
    /// agent's own and may be links.
    public func watch(_ targets: [UnconnectedTool.Watched]) {
        queue.async {
            let targets = targets.map { target in
                var target = target
                target.folder = target.folder.map { URL(filePath: $0).resolvingSymlinksInPath().path }
                return target
            }
            self.sight.withLock { $0.watched = targets }
        }
    }

    /// Looks for the processes at both ends of sessions of a target, and for tools that have not connected to it. The list of the latter may
    /// be some seconds old.
    public func look(for questions: [ProcessQuestion], of target: String) async -> Sample {
        await withCheckedContinuation { continuation in
            queue.async {
                let begin = ContinuousClock.now
                let now = Timestamp(seconds: Date().timeIntervalSince1970)
                let reading = self.sight.withLock { $0.read(questions, of: target, at: now) }
                continuation.resume(
                    returning: Sample(
                        target: target, tier: .processes, takenAt: now, duration: ContinuousClock.now - begin,
                        content: .processes(reading)))
            }
        }
    }
}

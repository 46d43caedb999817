import Glibc

/// The operating-system user a throwaway server runs as. PostgreSQL refuses to run as root.
package struct ServerUser: Sendable {
    /// nil: as ourselves.
    let identity: (name: String, uid: uid_t, gid: gid_t)?

    /// Ourselves, or, when we are root, the first that exists of `postgres` and `nobody`.
    package static func choose() throws(ThrowawayPostgresError) -> ServerUser {
        guard geteuid() == 0 else { return ServerUser(identity: nil) }
        for name in ["postgres", "nobody"] {
            if let entry = getpwnam(name), entry.pointee.pw_uid != 0 {
                return ServerUser(identity: (name, entry.pointee.pw_uid, entry.pointee.pw_gid))
            }
        }
        throw ThrowawayPostgresError(
            "PostgreSQL refuses to run as root and there is no user postgres or nobody",
            hint: "run as an ordinary user, or create one of these users")
    }

    /// The command line that runs `arguments` as this user (setpriv(1) of util-linux execs: the pid stays the same).
    package func command(_ arguments: [String]) -> [String] {
        guard let identity else { return arguments }
        return ["setpriv", "--reuid=\(identity.uid)", "--regid=\(identity.gid)", "--clear-groups", "--"] + arguments
    }

    /// Gives a file or folder to this user.
    package func own(_ path: String) throws(ThrowawayPostgresError) {
        guard let identity else { return }
        guard chown(path, identity.uid, identity.gid) == 0 else {
            throw ThrowawayPostgresError(
                "cannot give \(path) to \(identity.name): \(errorText(errno))", hint: "run as an ordinary user instead")
        }
    }
}

//! Children under their shim: own session, deadline, bounded output.

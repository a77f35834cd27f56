//! Who sits at a process: the person and the role, held against what the plan grants.

use crate::fact::Author;
use crate::plan::Plan;
use crate::text::Untrusted;

/// The author that a name and a role make under a plan; `None` when neither was given.
/// A role the plan does not grant to that person is refused with a sentence.
pub fn author(plan: &Plan, name: Option<String>, role: Option<String>) -> Result<Option<Author>, String> {
    if name.is_none() && role.is_none() {
        return Ok(None);
    }
    let person = name.unwrap_or_else(os_user);
    if person.trim().is_empty() || person.chars().count() > 64 {
        return Err("a name has 1 to 64 characters".to_owned());
    }
    let granted = |r: &&crate::plan::RolePlan| r.people.iter().any(|p| p.eq_ignore_ascii_case(&person));
    let role = match role {
        None => plan.roles.iter().find(granted).map(|r| r.name.clone()),
        Some(asked) => {
            let Some(found) = plan.roles.iter().find(|r| r.name.eq_ignore_ascii_case(&asked)) else {
                let known: Vec<&str> = plan.roles.iter().map(|r| r.name.as_str()).collect();
                return Err(if known.is_empty() {
                    format!("there is no role \"{asked}\": the plan has no [[role]], so everybody does everything")
                } else {
                    format!("there is no role \"{asked}\"; the plan has: {}", known.join(", "))
                });
            };
            if !granted(&found) {
                return Err(format!(
                    "the plan does not grant the role \"{}\" to \"{person}\"; its people are: {}",
                    found.name,
                    found.people.join(", ")
                ));
            }
            Some(found.name.clone())
        }
    };
    Ok(Some(Author { person: Untrusted::new(person), role: role.map(Untrusted::new) }))
}

/// The name of the user who runs this process.
pub fn os_user() -> String {
    nix::unistd::User::from_uid(nix::unistd::geteuid())
        .ok()
        .flatten()
        .map_or_else(|| "somebody".to_owned(), |user| user.name)
}

/// The name of this machine.
pub fn host() -> String {
    nix::unistd::gethostname()
        .ok()
        .and_then(|name| name.into_string().ok())
        .unwrap_or_else(|| "this machine".to_owned())
}

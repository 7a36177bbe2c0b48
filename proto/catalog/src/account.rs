//! Whose account it is: a person's, the organisation's, another organisation's.
//!
//! Invariant: nothing is called foreign unless the organisation's own domains or tenants are known.
//! Not here: reading the account (`agent`); only the domain part ever reaches this file.

use crate::normal;
use crate::query::{Context, Flag};

/// The tenant under which Microsoft keeps all personal accounts
/// (learn.microsoft.com, "Microsoft identity platform access tokens", claim `tid`).
const CONSUMER_TENANT: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

/// Mail providers for persons. Families with a country ending (`hotmail.fr`) are listed by their first label.
const PERSONAL_DOMAINS: [&str; 44] = [
    "gmail.com",
    "googlemail.com",
    "msn.com",
    "passport.com",
    "icloud.com",
    "me.com",
    "mac.com",
    "aol.com",
    "ymail.com",
    "rocketmail.com",
    "gmx.net",
    "gmx.de",
    "gmx.com",
    "gmx.at",
    "gmx.ch",
    "web.de",
    "t-online.de",
    "freenet.de",
    "proton.me",
    "protonmail.com",
    "protonmail.ch",
    "pm.me",
    "tutanota.com",
    "tuta.io",
    "mail.ru",
    "bk.ru",
    "inbox.ru",
    "list.ru",
    "yandex.ru",
    "yandex.com",
    "ya.ru",
    "rambler.ru",
    "qq.com",
    "163.com",
    "126.com",
    "sina.com",
    "orange.fr",
    "free.fr",
    "laposte.net",
    "libero.it",
    "wp.pl",
    "o2.pl",
    "seznam.cz",
    "naver.com",
];
const PERSONAL_FAMILIES: [&str; 4] = ["outlook", "hotmail", "live", "yahoo"];

/// The account's kind as far as domain and tenant tell.
pub(crate) fn kind(context: &Context) -> Option<Flag> {
    let domain = context
        .account_domain
        .as_deref()
        .map(clean)
        .filter(|text| !text.is_empty());
    let tenant = context
        .tenant
        .as_deref()
        .map(clean)
        .filter(|text| !text.is_empty());
    if let Some(flag) = tenant.as_deref().and_then(spelled_out) {
        return Some(flag);
    }
    if domain.as_deref().is_some_and(is_personal) || tenant.as_deref().is_some_and(is_personal) {
        return Some(Flag::Personal);
    }
    if domain.is_none() && tenant.is_none() {
        return None;
    }
    let own_domains: Vec<String> = context
        .organisation_domains
        .iter()
        .map(|text| clean(text))
        .collect();
    let own_tenants: Vec<String> = context
        .organisation_tenants
        .iter()
        .map(|text| clean(text))
        .collect();
    if own_domains.is_empty() && own_tenants.is_empty() {
        return Some(without_organisation(domain.as_deref(), tenant.as_deref()));
    }
    let ours = |text: &str| {
        own_tenants.iter().any(|own| own == text) || own_domains.iter().any(|own| within(text, own))
    };
    // A tenant is the stronger word: a guest keeps the domain of home while the data lives in the tenant.
    let decisive = if own_tenants.is_empty() {
        domain.or(tenant)
    } else {
        tenant.or(domain)
    };
    Some(if decisive.as_deref().is_some_and(ours) {
        Flag::Business
    } else {
        Flag::ForeignTenant
    })
}

/// The kind that a tenant's name in a host says: `contoso` of `contoso-my.sharepoint.com`.
pub(crate) fn of_tenant_label(label: &str, context: &Context) -> Flag {
    let owns: Vec<String> = context
        .organisation_tenants
        .iter()
        .chain(&context.organisation_domains)
        .map(|text| clean(text))
        .collect();
    let same = |own: &String| own == label || own.split('.').next() == Some(label);
    if owns.is_empty() || owns.iter().any(same) {
        Flag::Business
    } else {
        Flag::ForeignTenant
    }
}

/// Whether an organisation's name (`Fabrikam Ltd`, `fabrikam` of a host) is none that the context knows. Names are
/// compared by their letters, the shorter as the opening of the longer: `contoso` is `Contoso Ltd`.
pub(crate) fn is_another(name: &str, context: &Context) -> bool {
    let name = normal::letters(name);
    let known: Vec<String> = context
        .organisation_domains
        .iter()
        .chain(&context.organisation_tenants)
        .chain(&context.account_domain)
        .chain(&context.tenant)
        .map(|text| clean(text))
        .filter(|text| spelled_out(text).is_none() && !is_identifier(text))
        .map(|text| normal::letters(text.split('.').next().unwrap_or_default()))
        .filter(|text| !text.is_empty())
        .collect();
    !known.is_empty()
        && !known
            .iter()
            .any(|own| name.starts_with(own.as_str()) || own.starts_with(&name))
}

/// A tenant's id instead of its name.
fn is_identifier(tenant: &str) -> bool {
    tenant.len() == 36 && tenant.bytes().all(|c| c.is_ascii_hexdigit() || c == b'-')
}

fn clean(text: &str) -> String {
    let lower = text.trim().to_lowercase();
    lower
        .rsplit_once('@')
        .map_or(lower.as_str(), |(_, domain)| domain)
        .trim_matches(['{', '}', '.'])
        .to_owned()
}

/// Tools that know already say so in words.
fn spelled_out(tenant: &str) -> Option<Flag> {
    match tenant {
        "personal" | "consumer" | "consumers" | "msa" | CONSUMER_TENANT => Some(Flag::Personal),
        "business" | "own" | "home" | "organisation" | "organization" => Some(Flag::Business),
        "foreign" | "foreign_tenant" | "other" | "external" | "guest" => Some(Flag::ForeignTenant),
        _ => None,
    }
}

fn is_personal(domain: &str) -> bool {
    let family = domain.split('.').next().unwrap_or_default();
    PERSONAL_DOMAINS.contains(&domain)
        || (PERSONAL_FAMILIES.contains(&family) && domain.contains('.'))
}

fn within(domain: &str, own: &str) -> bool {
    !own.is_empty()
        && (domain == own
            || domain
                .strip_suffix(own)
                .is_some_and(|rest| rest.ends_with('.')))
}

/// Nothing is known of the organisation, but two names that disagree still tell a guest in another tenant.
fn without_organisation(domain: Option<&str>, tenant: Option<&str>) -> Flag {
    let label = |name: &str| name.split('.').next().unwrap_or_default().to_owned();
    match (domain, tenant) {
        (Some(domain), Some(tenant))
            if tenant.contains('.') && !within(domain, tenant) && !within(tenant, domain) =>
        {
            if label(domain) == label(tenant) {
                Flag::Business
            } else {
                Flag::ForeignTenant
            }
        }
        _ => Flag::Business,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(domain: &str, tenant: &str, own: &[&str], expect: Option<Flag>) {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let context = Context {
            account_domain: some(domain),
            tenant: some(tenant),
            organisation_domains: own.iter().map(|text| (*text).to_owned()).collect(),
            ..Context::default()
        };
        assert_eq!(kind(&context), expect, "{domain} {tenant} {own:?}");
    }

    #[test]
    fn names_of_organisations_are_compared() {
        let context = Context {
            tenant: Some("contoso.onmicrosoft.com".to_owned()),
            ..Context::default()
        };
        assert!(!is_another("Contoso Ltd", &context));
        assert!(is_another("Fabrikam Ltd", &context));
        let unnamed = Context {
            tenant: Some("2f1b2a4e-6c67-4c5b-b112-36a304b66dad".to_owned()),
            ..Context::default()
        };
        assert!(!is_another("Fabrikam Ltd", &unnamed));
    }

    #[test]
    fn accounts_are_told_apart() {
        check("", "", &[], None);
        check("outlook.com", "", &["contoso.com"], Some(Flag::Personal));
        check("hotmail.fr", "", &[], Some(Flag::Personal));
        check("", CONSUMER_TENANT, &["contoso.com"], Some(Flag::Personal));
        check("contoso.com", "", &["contoso.com"], Some(Flag::Business));
        check("eu.contoso.com", "", &["Contoso.com"], Some(Flag::Business));
        check(
            "fabrikam.com",
            "",
            &["contoso.com"],
            Some(Flag::ForeignTenant),
        );
        check(
            "notcontoso.com",
            "",
            &["contoso.com"],
            Some(Flag::ForeignTenant),
        );
        check("fabrikam.com", "", &[], Some(Flag::Business));
        check(
            "fabrikam.com",
            "contoso.com",
            &[],
            Some(Flag::ForeignTenant),
        );
        check(
            "contoso.com",
            "contoso.onmicrosoft.com",
            &[],
            Some(Flag::Business),
        );
    }
}

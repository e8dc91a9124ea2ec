//! Every address of the program, in one list.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;
use axum::routing::{delete, get, patch, post, put};
use http::{Method, Request, Uri};
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, Predicate, SizeAbove};

use crate::app::{App, Compression};
use crate::error::Problem;
use crate::{
    account, billing, bulk, calendar, campaigns, conversations, documents, duplicates, edge,
    exports, forms, imports, insight, jobs, leads, meta, notifications, openapi, operations,
    people, privacy, records, recovery, roles, second_factor, sign_in, tasks, tickets,
    time_entries, unsubscribe, uploads, web, webhooks,
};

/// Bytes below which compressing an answer costs more than it saves.
const WORTH_COMPRESSING: u64 = 1024;

/// The whole program, ready to be served.
pub fn router(app: App) -> Router {
    let interface = interface(&app);
    let page = web::Elsewhere::new(web::files::<()>());
    Router::new()
        .nest("/api/v1", interface.clone())
        .nest("/api/v1/a-crm", interface)
        .route("/health/live", get(operations::live))
        .route("/health/ready", get(operations::ready))
        .route(
            "/unsubscribe/{token}",
            get(unsubscribe::ask).post(unsubscribe::leave),
        )
        .route("/d/{token}", get(documents::open_link))
        .merge(web::documentation())
        .merge(web::files())
        .fallback(move |request| page.clone().answer(request))
        .method_not_allowed_fallback(no_such_method)
        .layer(from_fn_with_state(app.clone(), edge::edge))
        .with_state(app)
}

/// What is under the base address.
fn interface(app: &App) -> Router<App> {
    let routes = Router::new()
        // Sign-in
        .route("/auth/register", post(sign_in::register))
        .route("/auth/login", post(sign_in::login))
        .route("/auth/refresh", post(sign_in::refresh))
        .route("/auth/logout", post(sign_in::logout))
        .route("/auth/me", get(sign_in::me).patch(account::update_profile))
        .route(
            "/auth/switch-organization",
            post(sign_in::switch_organization),
        )
        .route("/auth/options", get(sign_in::options))
        .route("/auth/forgot-password", post(recovery::forgot_password))
        .route("/auth/reset-password", post(recovery::reset_password))
        .route("/auth/verify-email", post(recovery::verify_email))
        .route(
            "/auth/verify-email/resend",
            post(recovery::resend_verification),
        )
        // One's own account
        .route("/auth/change-password", post(account::change_password))
        .route(
            "/auth/sessions",
            get(account::sessions).delete(account::end_other_sessions),
        )
        .route("/auth/sessions/{id}", delete(account::end_session))
        .route(
            "/auth/api-keys",
            get(account::api_keys).post(account::create_api_key),
        )
        .route("/auth/api-keys/{id}", delete(account::delete_api_key))
        .route("/auth/totp", get(second_factor::state))
        .route("/auth/totp/setup", post(second_factor::begin))
        .route("/auth/totp/enable", post(second_factor::enable))
        .route("/auth/totp/recovery-codes", post(second_factor::renew))
        .route("/auth/totp/disable", post(second_factor::disable))
        // People and what they may do
        .route("/auth/invitation", get(people::invitation))
        .route("/auth/accept-invitation", post(people::accept_invitation))
        .route("/users/invite", post(people::invite))
        .route(
            "/users/{id}/invite",
            post(people::invite_again).delete(people::withdraw_invitation),
        )
        .route("/users/{id}/deactivate", post(people::deactivate))
        .route("/users/{id}/reactivate", post(people::reactivate))
        .route("/permissions", get(roles::grantable))
        .route(
            "/roles/{id}/permissions",
            get(roles::permissions).put(roles::set_permissions),
        )
        // About the interface and the organization
        .route("/meta", get(meta::meta))
        .route("/openapi.json", get(openapi::openapi))
        .route(
            "/organization",
            get(operations::organization).patch(operations::change_organization),
        )
        .route("/events", get(operations::events))
        // What is special about an entity
        .route("/{entity}/pipeline", get(operations::pipeline))
        .route("/{entity}/{id}/stage", put(operations::move_stage))
        .route("/leads/{id}/conversion", get(leads::suggestion))
        .route("/leads/{id}/convert", post(leads::convert))
        .route("/leads/{id}/unconvert", post(leads::unconvert))
        .route("/tasks/my-tasks", get(tasks::my_tasks))
        .route("/tasks/{id}/complete", put(tasks::complete))
        .route("/tasks/{id}/reopen", put(tasks::reopen))
        .route("/tasks/{id}/position", put(tasks::position))
        .route(
            "/time-entries/week",
            get(time_entries::week).put(time_entries::set_week),
        )
        .route("/time-entries/submit", post(time_entries::submit))
        .route("/time-entries/withdraw", post(time_entries::withdraw))
        .route("/time-entries/approve", post(time_entries::approve))
        .route("/time-entries/reject", post(time_entries::reject))
        .route("/time-entries/reopen", post(time_entries::reopen))
        .route("/time-entries/{id}/submit", put(time_entries::submit_one))
        .route(
            "/time-entries/{id}/withdraw",
            put(time_entries::withdraw_one),
        )
        .route("/time-entries/{id}/approve", put(time_entries::approve_one))
        .route("/time-entries/{id}/reject", put(time_entries::reject_one))
        .route("/time-entries/{id}/reopen", put(time_entries::reopen_one))
        .route(
            "/calendar",
            get(calendar::state)
                .post(calendar::renew)
                .delete(calendar::revoke),
        )
        .route("/calendar/{file}", get(calendar::feed))
        .route("/stages/{id}/merge", post(operations::merge_stage))
        // Reports, dashboards, metrics
        .route("/reports/types", get(insight::types))
        .route("/reports/run", post(insight::run))
        .route("/reports/{id}/data", get(insight::data))
        .route("/reports/{id}/generate", post(insight::generate))
        .route("/dashboards/{id}/data", get(insight::dashboard))
        .route("/projects/{id}/summary", get(insight::project_summary))
        .route("/projects/{id}/sources", get(insight::project_sources))
        .route(
            "/projects/{id}/conversion",
            get(insight::project_conversion),
        )
        .route("/metrics/refresh", post(insight::refresh_metrics))
        .route("/tickets/metrics", get(tickets::metrics))
        .route("/tickets/{id}/reply", post(tickets::reply))
        .route("/tickets/{id}/assign", post(tickets::assign))
        .route("/tickets/{id}/merge", post(tickets::merge))
        .route("/invoices/preview", post(billing::preview))
        .route("/invoices/ageing", get(billing::ageing))
        .route("/invoices/from-deal", post(billing::from_deal))
        .route("/invoices/from-time", post(billing::from_time))
        .route("/invoices/{id}/send", post(billing::send))
        .route("/invoices/{id}/cancel", post(billing::cancel))
        .route("/invoices/{id}/credit-note", post(billing::credit))
        .route(
            "/invoices/{id}/payments",
            get(billing::payments).post(billing::pay),
        )
        .route("/payments/{id}/refund", post(billing::refund))
        .route(
            "/payments/{id}/refunds",
            get(billing::refunds).post(billing::refund),
        )
        .merge(talk())
        // Notifications and background work
        .route("/notifications", get(notifications::list))
        .route(
            "/notifications/preferences",
            get(notifications::preferences).put(notifications::set_preferences),
        )
        .route("/notifications/read-all", put(notifications::read_all))
        .route("/notifications/{id}/read", put(notifications::read))
        .route("/notifications/{id}/unread", put(notifications::unread))
        .route("/jobs", get(jobs::list))
        .route("/jobs/{id}", get(jobs::get))
        .route("/jobs/{id}/retry", post(jobs::retry))
        .route("/jobs/{id}/discard", post(jobs::discard))
        // Imports
        .route("/imports", get(imports::list))
        .route("/imports/{id}", get(imports::get))
        .route("/imports/{id}/cancel", post(imports::cancel))
        .route("/imports/{id}/undo", post(imports::undo))
        .route("/imports/{id}/errors", get(imports::errors))
        .route(
            "/{entity}/import",
            post(imports::start).layer(DefaultBodyLimit::disable()),
        )
        .route(
            "/{entity}/import/preview",
            post(imports::preview).layer(DefaultBodyLimit::disable()),
        )
        .route("/{entity}/export", get(exports::get).post(exports::post))
        // Duplicates and merging
        .route("/{entity}/duplicates", get(duplicates::list))
        .route("/{entity}/duplicates/check", post(duplicates::check))
        .route(
            "/{entity}/{id}/not-duplicates",
            post(duplicates::distinct).delete(duplicates::not_distinct),
        )
        .route("/{entity}/{id}/merge", post(duplicates::merge))
        .route("/{entity}/{id}/merge/undo", post(duplicates::undo))
        .route("/{entity}/{id}/merges", get(duplicates::merges))
        // Privacy, and who sees what
        .route("/{entity}/{id}/purge", post(privacy::purge))
        .route("/{entity}/{id}/erase", post(privacy::erase))
        .route("/{entity}/{id}/personal-data", get(privacy::personal_data))
        .route("/{entity}/{id}/access", get(privacy::access))
        // Every entity
        .route("/{entity}", get(records::list).post(records::create))
        .route("/{entity}/query", post(records::query))
        .route("/{entity}/bulk", post(bulk::bulk))
        .route(
            "/{entity}/{id}",
            patch(records::update)
                .put(records::update)
                .get(records::get)
                .delete(records::delete),
        )
        // Documents; what carries files is below
        .route("/documents/uploads", post(uploads::begin))
        .route("/webhook-endpoints/{id}/secret", post(webhooks::new_secret))
        .route("/webhook-deliveries/{id}/resend", post(webhooks::resend))
        .route("/documents/{id}/purge", post(documents::purge))
        .route("/documents/{id}/link", post(documents::link))
        .route(
            "/documents/{id}/links/{link}",
            delete(documents::revoke_link),
        )
        .route("/{entity}/{id}/restore", post(records::restore))
        .route("/{entity}/{id}/history", get(records::history))
        .route("/{entity}/{id}/{child}", get(records::children));
    let routes = match app.settings.compression {
        Compression::Off => routes,
        Compression::Auto | Compression::On => {
            let worth = DefaultPredicate::new().and(SizeAbove::new(WORTH_COMPRESSING));
            routes.layer(
                CompressionLayer::new()
                    .gzip(true)
                    .br(true)
                    .quality(CompressionLevel::Fastest)
                    .compress_when(worth),
            )
        }
    };
    routes.merge(transfers())
}

/// Files on their way in and out: of any size, and never compressed, because a part of a file is asked for by its
/// place in it.
fn transfers() -> Router<App> {
    Router::new()
        .route(
            "/documents/uploads/{id}",
            get(uploads::state)
                .patch(uploads::piece)
                .delete(uploads::end),
        )
        .route("/documents/{id}/content", get(documents::content))
        .route("/documents/{id}/thumbnail", get(documents::thumbnail))
        .route(
            "/documents/{id}/versions",
            get(documents::versions).post(documents::add_version),
        )
        .route(
            "/{entity}/{id}/documents",
            get(records::children).post(documents::attach),
        )
        .layer(DefaultBodyLimit::disable())
}

/// Campaigns and conversations.
fn talk() -> Router<App> {
    Router::new()
        .route(
            "/campaigns/{id}/contacts",
            get(campaigns::people).post(campaigns::add_people),
        )
        .route(
            "/campaigns/{id}/contacts/{other}",
            delete(campaigns::remove_contact),
        )
        .route(
            "/campaigns/{id}/members/from-audience",
            post(campaigns::from_audience),
        )
        .route("/campaigns/{id}/metrics", get(campaigns::metrics))
        .route("/conversations/inbox", get(conversations::inbox))
        .route(
            "/conversations/{id}/messages",
            get(conversations::messages).post(conversations::send),
        )
        .route("/conversations/{id}/close", post(conversations::close))
        .route("/conversations/{id}/reopen", post(conversations::reopen))
        .route("/conversations/{id}/assign", post(conversations::assign))
        .route("/conversations/{id}/read", post(conversations::read))
        .route("/email-templates/{id}/render", post(conversations::render))
        .route(
            "/channel-accounts/{id}/secrets",
            put(conversations::set_secrets),
        )
        .route("/inbound-forms/{id}/submissions", get(forms::submissions))
        .route(
            "/forms/{token}",
            post(forms::submit).options(forms::preflight),
        )
        .route(
            "/unsubscribe/{token}",
            get(unsubscribe::ask).post(unsubscribe::leave),
        )
}

async fn no_such_method(
    method: Method,
    uri: Uri,
    request: Request<axum::body::Body>,
) -> impl IntoResponse {
    drop(request);
    Problem::new(
        http::StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        format!("{method} does nothing at {}", uri.path()),
    )
}

import { createRootRoute, createRoute, createRouter, lazyRouteComponent, Outlet, redirect } from "@tanstack/react-router";
import { ApiError, whenSessionExpires } from "@/api/client";
import { authOptionsQuery, findEntity, loadedMeta, loadTags, meQuery, metaQuery, queryClient, recordQuery } from "@/api/queries";
import { readListSearch } from "@/filters/search";
import { readInboxSearch } from "@/inbox/search";
import { readChosen, readPeopleSearch } from "@/settings/search";
import { readTimesheetSearch } from "@/timesheet/search";
import { whenLinkIsFollowed } from "@/ui";
import { hasDay, navigationOf } from "./navigation";
import { Failure, NotFound, PageSkeleton } from "./pages";
import { adopt, OPEN } from "./session";

const root = createRootRoute({ component: Outlet, notFoundComponent: NotFound, errorComponent: Failure });

const readReturn = (search: Record<string, unknown>): { return?: string } =>
  typeof search.return === "string" && search.return ? { return: search.return } : {};

const signIn = createRoute({
  getParentRoute: () => root,
  path: "/sign-in",
  validateSearch: readReturn,
  loader: () => queryClient.ensureQueryData(authOptionsQuery),
  component: lazyRouteComponent(() => import("@/auth/SignInPage")),
});
/** The secret of a mailed link. */
const readToken = (search: Record<string, unknown>): { token?: string } =>
  typeof search.token === "string" && search.token ? { token: search.token } : {};
const forgotPassword = createRoute({
  getParentRoute: () => root,
  path: "/forgot-password",
  component: lazyRouteComponent(() => import("@/auth/ForgotPasswordPage")),
});
const resetPassword = createRoute({
  getParentRoute: () => root,
  path: "/reset-password",
  validateSearch: readToken,
  component: lazyRouteComponent(() => import("@/auth/ResetPasswordPage")),
});
const verifyEmail = createRoute({
  getParentRoute: () => root,
  path: "/verify-email",
  validateSearch: readToken,
  component: lazyRouteComponent(() => import("@/auth/VerifyEmailPage")),
});
const acceptInvitation = createRoute({
  getParentRoute: () => root,
  path: "/accept-invitation",
  validateSearch: readToken,
  component: lazyRouteComponent(() => import("@/auth/AcceptInvitationPage")),
});
const register = createRoute({
  getParentRoute: () => root,
  path: "/register",
  validateSearch: readReturn,
  loader: () => queryClient.ensureQueryData(authOptionsQuery),
  component: lazyRouteComponent(() => import("@/auth/RegisterPage")),
});

const loadShell = () => import("./Shell");
/** Everything behind the sign-in. Who asks without a session is sent there and comes back afterwards. */
const application = createRoute({
  getParentRoute: () => root,
  id: "application",
  beforeLoad: async ({ location }) => {
    // The frame is fetched while the session is looked up, not after it.
    void loadShell();
    try {
      const [me, meta] = await Promise.all([queryClient.ensureQueryData(meQuery), queryClient.ensureQueryData(metaQuery)]);
      adopt(me);
      await loadTags(meta);
    } catch (error) {
      if (error instanceof ApiError && error.status === 401)
        throw redirect({ to: "/sign-in", search: location.href === "/" ? {} : { return: location.href } });
      throw error;
    }
  },
  component: lazyRouteComponent(loadShell, "Shell"),
  pendingComponent: PageSkeleton,
});

const home = createRoute({
  getParentRoute: () => application,
  path: "/",
  beforeLoad: async () => {
    const meta = await queryClient.ensureQueryData(metaQuery);
    if (hasDay(meta)) throw redirect({ to: "/my-day", replace: true });
    const first = navigationOf(meta).records[0];
    if (first) throw redirect({ to: "/$entity", params: { entity: first.plural }, replace: true });
  },
  component: NotFound,
});
const myDay = createRoute({
  getParentRoute: () => application,
  path: "/my-day",
  validateSearch: (search: Record<string, unknown>): { peek?: string } =>
    typeof search.peek === "string" && search.peek ? { peek: search.peek } : {},
  component: lazyRouteComponent(() => import("@/tasks/MyDayPage")),
});
const overview = createRoute({
  getParentRoute: () => application,
  path: "/overview",
  component: lazyRouteComponent(() => import("@/insight/OverviewPage")),
});
const inbox = createRoute({
  getParentRoute: () => application,
  path: "/inbox",
  validateSearch: readInboxSearch,
  component: lazyRouteComponent(() => import("@/inbox/InboxPage")),
});
const timesheet = createRoute({
  getParentRoute: () => application,
  path: "/timesheet",
  validateSearch: readTimesheetSearch,
  component: lazyRouteComponent(() => import("@/timesheet/TimesheetPage")),
});
const board = createRoute({
  getParentRoute: () => application,
  path: "/deals/board",
  beforeLoad: () => {
    throw redirect({ to: "/$entity", params: { entity: "deals" }, search: { layout: "board" }, replace: true });
  },
});
const imports = createRoute({
  getParentRoute: () => application,
  path: "/imports",
  component: lazyRouteComponent(() => import("@/imports/ImportsPage")),
});
const importJob = createRoute({
  getParentRoute: () => application,
  path: "/imports/$id",
  component: lazyRouteComponent(() => import("@/imports/ImportJobPage")),
});
const settings = createRoute({
  getParentRoute: () => application,
  path: "/settings",
  component: lazyRouteComponent(() => import("@/settings/SettingsLayout")),
});
const settingsIndex = createRoute({
  getParentRoute: () => settings,
  path: "/",
  component: lazyRouteComponent(() => import("@/settings/SettingsIndex")),
});
const account = createRoute({
  getParentRoute: () => settings,
  path: "/account",
  component: lazyRouteComponent(() => import("@/settings/account/AccountPage")),
});
const notifications = createRoute({
  getParentRoute: () => settings,
  path: "/notifications",
  component: lazyRouteComponent(() => import("@/settings/NotificationsPage")),
});
const organization = createRoute({
  getParentRoute: () => settings,
  path: "/organization",
  component: lazyRouteComponent(() => import("@/settings/OrganizationPage")),
});
const people = createRoute({
  getParentRoute: () => settings,
  path: "/people",
  validateSearch: readPeopleSearch,
  component: lazyRouteComponent(() => import("@/settings/people/PeoplePage")),
});
const roles = createRoute({
  getParentRoute: () => settings,
  path: "/roles",
  component: lazyRouteComponent(() => import("@/settings/roles/RolesPage")),
});
const role = createRoute({
  getParentRoute: () => settings,
  path: "/roles/$id",
  component: lazyRouteComponent(() => import("@/settings/roles/RolePage")),
});
const pipelines = createRoute({
  getParentRoute: () => settings,
  path: "/pipelines",
  validateSearch: readChosen("pipeline"),
  component: lazyRouteComponent(() => import("@/settings/pipelines/PipelinesPage")),
});
const customFields = createRoute({
  getParentRoute: () => settings,
  path: "/fields",
  validateSearch: readChosen("entity"),
  component: lazyRouteComponent(() => import("@/settings/fields/CustomFieldsPage")),
});
const tags = createRoute({
  getParentRoute: () => settings,
  path: "/tags",
  component: lazyRouteComponent(() => import("@/settings/labels/TagsPage")),
});
const industries = createRoute({
  getParentRoute: () => settings,
  path: "/industries",
  component: lazyRouteComponent(() => import("@/settings/labels/IndustriesPage")),
});
const list = createRoute({
  getParentRoute: () => application,
  path: "/$entity",
  validateSearch: readListSearch,
  component: lazyRouteComponent(() => import("@/records/ListPage")),
});
const importWizard = createRoute({
  getParentRoute: () => application,
  path: "/$entity/import",
  component: lazyRouteComponent(() => import("@/imports/ImportPage")),
});
const duplicates = createRoute({
  getParentRoute: () => application,
  path: "/$entity/duplicates",
  component: lazyRouteComponent(() => import("@/duplicates/DuplicatesPage")),
});
const record = createRoute({
  getParentRoute: () => application,
  path: "/$entity/$id",
  // Asked for while the pointer is still on its link; the page does not wait for it.
  loader: ({ params }) => {
    const meta = loadedMeta();
    const entity = meta && findEntity(meta, params.entity);
    if (entity) void queryClient.prefetchQuery(recordQuery(entity, params.id));
  },
  validateSearch: (search: Record<string, unknown>): { compose?: string } =>
    typeof search.compose === "string" && search.compose ? { compose: search.compose } : {},
  component: lazyRouteComponent(() => import("@/records/RecordPage")),
});

export const router = createRouter({
  routeTree: root.addChildren([
    signIn,
    register,
    forgotPassword,
    resetPassword,
    verifyEmail,
    acceptInvitation,
    application.addChildren([
      home,
      myDay,
      overview,
      inbox,
      timesheet,
      board,
      settings.addChildren([
        settingsIndex,
        account,
        notifications,
        organization,
        people,
        roles,
        role,
        pipelines,
        customFields,
        tags,
        industries,
      ]),
      imports,
      importJob,
      list,
      importWizard,
      duplicates,
      record,
    ]),
  ]),
  defaultPreload: "intent",
  defaultPendingComponent: PageSkeleton,
  defaultErrorComponent: Failure,
  defaultNotFoundComponent: NotFound,
  scrollRestoration: true,
});

/** A session that ended under the person's hands: to the sign-in, with the way back. */
whenSessionExpires(() => {
  const { pathname, href } = router.state.location;
  if (OPEN.includes(pathname)) return;
  queryClient.removeQueries({ queryKey: meQuery.queryKey });
  void router.navigate({ to: "/sign-in", search: { return: href } });
});

whenLinkIsFollowed((href) => void router.navigate({ href }));

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}

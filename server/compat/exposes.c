/* Who uses what the next version no longer has. */
#include "compat.h"

#include "berth/json.h"

#include <string.h>

/* The users of each expose, and those of whom it is not known what they use. */
struct uses {
    json_t *exposes; /* {expose: {"users": [...], "sure"?: true}} */
    json_t *vague;   /* [users] */
};

static void note(struct uses *uses, const char *expose, json_t *user, bool sure) {
    json_t *use = json_object_get(uses->exposes, expose);
    if (!use) {
        use = json_pack("{s[]}", "users");
        json_object_set_new(uses->exposes, expose, use);
    }
    json_array_append_new(json_object_get(use, "users"), user);
    if (sure)
        json_object_set_new(use, "sure", json_true());
}

static void note_slots(const struct compat *compat, struct uses *uses) {
    for (size_t i = 0; i < compat->world->page_count; i++) {
        const struct berth_compat_page *page = &compat->world->pages[i];
        for (size_t j = 0; j < page->page->slot_count; j++) {
            const struct berth_slot *slot = &page->page->slots[j];
            if (strcmp(slot->module, compat->module) == 0)
                note(uses, slot->expose, compat_page_user(page->name, slot->name), true);
        }
    }
}

static void note_remotes(struct compat *compat, const struct berth_compat_module *module,
                         struct uses *uses) {
    size_t index = 0;
    const json_t *remote = NULL;
    json_array_foreach(json_object_get(module->description, "remotes"), index, remote) {
        const char *target = NULL;
        enum compat_sure sure = compat_target(compat, remote, &target);
        const char *expose = berth_json_string(remote, "expose");
        if (sure == COMPAT_NOBODY || strcmp(target, compat->module) != 0)
            continue;
        if (expose)
            note(uses, expose, compat_module_user(module), sure == COMPAT_SURE);
        else
            json_array_append_new(uses->vague, compat_module_user(module));
    }
}

static void note_modules(struct compat *compat, struct uses *uses) {
    for (size_t i = 0; i < compat->world->module_count; i++) {
        const struct berth_compat_module *module = &compat->world->modules[i];
        if (module->version && strcmp(module->name, compat->module) != 0)
            note_remotes(compat, module, uses);
    }
}

static void add_users(json_t *finding, const json_t *users) {
    size_t index = 0;
    json_t *user = NULL;
    json_array_foreach(users, index, user) {
        compat_add_user(finding, json_incref(user));
    }
}

static void add_gone(struct compat *compat, const char *expose, const json_t *users, bool sure) {
    static const char rule[] = "expose-gone";
    const struct berth_compat_version *live = compat->live;
    bool already = live && compat_knows_exposes(live->description) &&
                   !compat_exposes(live->description, expose);
    json_t *finding = compat_finding(
        compat,
        &(struct compat_words){rule, expose,
                               already ? "publish a version that exposes it, or change who uses it"
                                       : "expose it again, or change who uses it first"},
        already || !live ? "%s@%s does not expose %s" : "%s@%s no longer exposes %s",
        compat->module, compat->next->version, expose);
    add_users(finding, users);
    compat_add(compat, finding, sure, already);
}

/* One finding for all of them: nothing is known of any. */
static void add_unknown(struct compat *compat, const struct uses *uses) {
    const char *expose;
    json_t *use;
    json_t *finding = compat_finding(
        compat,
        &(struct compat_words){"exposes-unknown", compat->module,
                               "name its exposes in berth.json, or look at it in a page"},
        "what %s@%s exposes was not found, so it cannot be told whether it has what is used",
        compat->module, compat->next->version);
    json_object_foreach(uses->exposes, expose, use)
        add_users(finding, json_object_get(use, "users"));
    compat_add(compat, finding, false,
               compat->live && !compat_knows_exposes(compat->live->description));
}

/* What the live version has, the next has not, and someone may be using. */
static void check_vague(struct compat *compat, const struct uses *uses) {
    if (!compat->live || json_array_size(uses->vague) == 0)
        return;
    size_t index = 0;
    const json_t *expose = NULL;
    json_array_foreach(json_object_get(compat->live->description, "exposes"), index, expose) {
        const char *name = berth_json_string(expose, "name");
        if (name && !json_object_get(uses->exposes, name) &&
            !compat_exposes(compat->next->description, name))
            add_gone(compat, name, uses->vague, false);
    }
}

static void check_uses(struct compat *compat, const struct uses *uses) {
    const char *expose;
    json_t *use;
    if (!compat_knows_exposes(compat->next->description)) {
        if (json_object_size(uses->exposes))
            add_unknown(compat, uses);
        return;
    }
    json_object_foreach(uses->exposes, expose, use) {
        if (!compat_exposes(compat->next->description, expose))
            add_gone(compat, expose, json_object_get(use, "users"),
                     json_object_get(use, "sure") != NULL);
    }
    check_vague(compat, uses);
}

static bool has_file(const struct berth_compat_version *version, const char *path) {
    return !version->has_file || version->has_file(version->context, path);
}

static void check_document(struct compat *compat, const struct berth_compat_page *page) {
    const char *file = page->page->document_file;
    if (strcmp(page->page->document_module, compat->module) != 0 || has_file(compat->next, file))
        return;
    json_t *finding = compat_finding(
        compat,
        &(struct compat_words){"document-gone", file, "put it into the bundle, or change the page"},
        "%s@%s has no %s, which a page shows", compat->module, compat->next->version, file);
    compat_add_user(finding, compat_page_user(page->name, NULL));
    compat_add(compat, finding, true, compat->live && !has_file(compat->live, file));
}

void compat_check_exposes(struct compat *compat) {
    struct uses uses = {.exposes = json_object(), .vague = json_array()};
    compat->failed = compat->failed || !uses.exposes || !uses.vague;
    note_slots(compat, &uses);
    note_modules(compat, &uses);
    check_uses(compat, &uses);
    for (size_t i = 0; i < compat->world->page_count; i++)
        if (compat->world->pages[i].page->document_module)
            check_document(compat, &compat->world->pages[i]);
    json_decref(uses.exposes);
    json_decref(uses.vague);
}

//! The one schema for both backends. Times are microseconds since the epoch, UTC; ids and enums are
//! text; a test compares this file and both migrations.

diesel::table! {
    task (id) {
        id -> Text,
        name -> Text,
        description -> Text,
        kind -> Text,
        status -> Text,
        version -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
        is_stopped -> Bool,
    }
}

diesel::table! {
    module (id) {
        id -> Text,
        task_id -> Text,
        name -> Text,
        description -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    agent (id) {
        id -> Text,
        name -> Text,
        role -> Text,
        description -> Text,
        status -> Text,
        key_hash -> Text,
        total_score -> BigInt,
        reward_count -> BigInt,
        penalty_count -> BigInt,
        created_at -> BigInt,
        last_request_at -> BigInt,
        last_activity_at -> BigInt,
        last_score_at -> BigInt,
        capabilities -> Text,
        avatar -> Text,
        signature -> Text,
        work_style -> Text,
    }
}

diesel::table! {
    track_record (agent_id) {
        agent_id -> Text,
        approvals -> BigInt,
        streak -> BigInt,
        top_marks -> BigInt,
        comebacks -> BigInt,
        goals -> BigInt,
        leads -> BigInt,
        verdicts -> BigInt,
        deliveries -> BigInt,
        findings -> BigInt,
    }
}

diesel::table! {
    contribution (agent_id, task_id) {
        agent_id -> Text,
        task_id -> Text,
    }
}

diesel::table! {
    achievement (agent_id, kind) {
        agent_id -> Text,
        kind -> Text,
        earned_at -> BigInt,
    }
}

diesel::table! {
    partner (agent_id, partner_id) {
        agent_id -> Text,
        partner_id -> Text,
        reviews -> BigInt,
        hand_overs -> BigInt,
        last_at -> BigInt,
    }
}

diesel::table! {
    sub_task (id) {
        id -> Text,
        task_id -> Text,
        module_id -> Nullable<Text>,
        name -> Text,
        description -> Text,
        deliverable -> Text,
        acceptance -> Text,
        kind -> Text,
        priority -> Text,
        status -> Text,
        assigned_agent -> Nullable<Text>,
        session_id -> Nullable<Text>,
        attempt -> Integer,
        version -> BigInt,
        rework_count -> Integer,
        lease_expires_at -> Nullable<BigInt>,
        blocked -> Nullable<Text>,
        progress -> Nullable<Text>,
        prerequisites -> Integer,
        open_prerequisites -> Integer,
        held -> Bool,
        created_at -> BigInt,
        updated_at -> BigInt,
        completed_at -> Nullable<BigInt>,
        claimable -> Bool,
        priority_rank -> SmallInt,
        notes -> Integer,
        required_capabilities -> Text,
    }
}

diesel::table! {
    prerequisite (sub_task_id, prerequisite_id) {
        sub_task_id -> Text,
        prerequisite_id -> Text,
    }
}

diesel::table! {
    ownership (sub_task_id, attempt) {
        sub_task_id -> Text,
        attempt -> Integer,
        agent_id -> Text,
        since -> BigInt,
    }
}

diesel::table! {
    submission (id) {
        id -> Text,
        sub_task_id -> Text,
        agent_id -> Text,
        attempt -> Integer,
        is_late -> Bool,
        summary -> Text,
        artifacts -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    review_record (id) {
        id -> Text,
        sub_task_id -> Text,
        reviewer_agent -> Nullable<Text>,
        round -> Integer,
        result -> Text,
        score -> SmallInt,
        issues -> Text,
        comment -> Text,
        rework_agent -> Nullable<Text>,
        created_at -> BigInt,
    }
}

diesel::table! {
    score_log (id) {
        id -> Text,
        agent_id -> Text,
        sub_task_id -> Nullable<Text>,
        reason -> Text,
        score_delta -> BigInt,
        created_at -> BigInt,
    }
}

diesel::table! {
    activity_log (id) {
        id -> Text,
        agent_id -> Text,
        sub_task_id -> Nullable<Text>,
        action -> Text,
        summary -> Text,
        session_id -> Nullable<Text>,
        created_at -> BigInt,
    }
}

diesel::table! {
    rule (id) {
        id -> Text,
        scope -> Text,
        task_id -> Nullable<Text>,
        sub_task_id -> Nullable<Text>,
        content -> Text,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    event (seq) {
        seq -> BigInt,
        id -> Text,
        at -> BigInt,
        kind -> Text,
        actor_kind -> Text,
        actor_id -> Nullable<Text>,
        task_id -> Nullable<Text>,
        sub_task_id -> Nullable<Text>,
        agent_id -> Nullable<Text>,
        payload -> Text,
    }
}

diesel::table! {
    counter (scope, key, shard) {
        scope -> Text,
        key -> Text,
        shard -> SmallInt,
        n -> BigInt,
    }
}

diesel::table! {
    admin_session (id) {
        id -> Text,
        token_hash -> Text,
        created_at -> BigInt,
        expires_at -> BigInt,
        last_used_at -> BigInt,
        address -> Nullable<Text>,
    }
}

diesel::table! {
    note (id) {
        id -> Text,
        sub_task_id -> Text,
        author_kind -> Text,
        author_id -> Nullable<Text>,
        text -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    onboarding (agent_id) {
        agent_id -> Text,
        token_hash -> Text,
        runtime -> Text,
        wake_by -> Text,
        every_minutes -> Integer,
        language -> Text,
        created_at -> BigInt,
        used_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    patrol_record (id) {
        id -> Text,
        kind -> Text,
        severity -> Text,
        task_id -> Nullable<Text>,
        sub_task_id -> Nullable<Text>,
        agent_id -> Nullable<Text>,
        description -> Text,
        action_taken -> Text,
        status -> Text,
        dedup_key -> Nullable<Text>,
        opened_by_kind -> Text,
        opened_by -> Nullable<Text>,
        created_at -> BigInt,
        resolved_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    delivery (id) {
        id -> Text,
        channel -> Text,
        kind -> Text,
        event_id -> Text,
        task_id -> Nullable<Text>,
        sub_task_id -> Nullable<Text>,
        agent_id -> Nullable<Text>,
        payload -> Text,
        status -> Text,
        tries -> Integer,
        next_try_at -> BigInt,
        last_error -> Nullable<Text>,
        created_at -> BigInt,
        finished_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    wake_target (agent_id) {
        agent_id -> Text,
        kind -> Text,
        url -> Text,
        secret -> Text,
        runtime_agent -> Nullable<Text>,
        hook -> Nullable<Text>,
        outstanding -> Nullable<Text>,
        action -> Nullable<Text>,
        woken_at -> BigInt,
        unanswered -> Integer,
        not_before -> BigInt,
    }
}

diesel::table! {
    wake_up (id) {
        id -> Text,
        agent_id -> Text,
        action -> Text,
        sub_task_id -> Nullable<Text>,
        status -> Text,
        tries -> Integer,
        next_try_at -> BigInt,
        last_error -> Nullable<Text>,
        created_at -> BigInt,
        finished_at -> Nullable<BigInt>,
        answered_at -> Nullable<BigInt>,
    }
}

diesel::joinable!(wake_target -> agent (agent_id));

diesel::table! {
    setting (key) {
        key -> Text,
        value -> Text,
        updated_at -> BigInt,
    }
}

diesel::table! {
    idempotency (token) {
        token -> Text,
        fingerprint -> Text,
        answer -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    request_log (id) {
        id -> Text,
        agent_id -> Text,
        method -> Text,
        path -> Text,
        request_body -> Nullable<Text>,
        response_status -> SmallInt,
        duration_ms -> BigInt,
        created_at -> BigInt,
    }
}

diesel::table! {
    request_day (agent_id, day) {
        agent_id -> Text,
        day -> Text,
        request_count -> BigInt,
        submit_count -> BigInt,
        review_count -> BigInt,
    }
}

diesel::table! {
    turn (job) {
        job -> Text,
        holder -> Text,
        until -> BigInt,
        away_from -> Nullable<BigInt>,
        away_to -> Nullable<BigInt>,
    }
}

diesel::table! {
    series (id) {
        id -> Text,
        task_id -> Nullable<Text>,
        template -> Nullable<Text>,
        cron -> Text,
        timezone -> Text,
        overlap -> Text,
        catch_up -> Text,
        ends_at -> Nullable<BigInt>,
        next_due -> Nullable<BigInt>,
        queued_since -> Nullable<BigInt>,
        last_round -> Integer,
        is_paused -> Bool,
        version -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    series_round (series_id, number) {
        series_id -> Text,
        number -> Integer,
        task_id -> Text,
        sub_task_id -> Nullable<Text>,
        due -> BigInt,
    }
}

diesel::table! {
    usage_sum (kind, day, id) {
        kind -> Text,
        day -> Text,
        id -> Text,
        reports -> BigInt,
        input_tokens -> BigInt,
        output_tokens -> BigInt,
        tokens -> BigInt,
        cost -> BigInt,
    }
}

diesel::table! {
    budget (kind, id) {
        kind -> Text,
        id -> Text,
        tokens -> Nullable<BigInt>,
        cost -> Nullable<BigInt>,
        updated_at -> BigInt,
    }
}

diesel::table! {
    task_policy (task_id) {
        task_id -> Text,
        require_module -> Nullable<Bool>,
        require_description -> Nullable<Bool>,
        require_deliverable -> Nullable<Bool>,
        require_acceptance -> Nullable<Bool>,
        approvals -> Nullable<Integer>,
        updated_at -> BigInt,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    task,
    module,
    agent,
    track_record,
    contribution,
    achievement,
    partner,
    sub_task,
    prerequisite,
    ownership,
    submission,
    review_record,
    score_log,
    activity_log,
    rule,
    event,
    counter,
    admin_session,
    note,
    onboarding,
    patrol_record,
    delivery,
    wake_target,
    wake_up,
    setting,
    idempotency,
    request_log,
    request_day,
    turn,
    series,
    series_round,
    usage_sum,
    budget,
    task_policy
);

import { Award, Binoculars, Compass, Crown, Flame, Gavel, Medal, PackageCheck, Rocket, RotateCcw, Scale, Search, Sprout, Star, Trophy } from '@lucide/vue'
import type { Component } from 'vue'
import type { Schemas } from '../../api/client'

export type Achievement = Schemas['Achievement']
export type Standing = Schemas['AchievementStanding']

export const ACHIEVEMENT_ICON: Record<Achievement, Component> = {
  first_approval: Sprout,
  ten_approvals: Medal,
  hundred_approvals: Trophy,
  clean_streak: Flame,
  top_marks: Star,
  comeback: RotateCcw,
  all_rounder: Compass,
  leader: Crown,
  first_verdict: Gavel,
  fifty_verdicts: Scale,
  first_delivery: PackageCheck,
  ten_deliveries: Rocket,
  first_finding: Search,
  sharp_eyes: Binoculars,
}

/** One that a newer server knows of. */
export const UNKNOWN_ICON: Component = Award

/** What was earned, newest first; then what is nearest. */
export function inOrder(standings: readonly Standing[]): Standing[] {
  const share = ({ progress, goal }: Standing) => progress / goal
  return standings.toSorted((a, b) => {
    if (a.earned_at !== null && b.earned_at !== null) return b.earned_at.localeCompare(a.earned_at)
    if (a.earned_at === null && b.earned_at === null) return share(b) - share(a)
    return a.earned_at === null ? 1 : -1
  })
}

// Package chengshu is the digital-government platform of one county (区县数字政府一体化平台). ARCHITECTURE.md tells how it is
// built; this file is the glossary: one Chinese term, one English word, everywhere.
//
//	案件 case          a problem that goes through a process
//	事项 matter        what may be applied for, by law
//	办件 application   one application for a matter
//	网格 grid          the smallest ground somebody answers for; cell 单元网格, duty grid 责任网格, general grid 综治网格
//	部件 part          a thing in the street with a code: manhole cover, lamp
//	岗位 post          organisation × role × area scope, with a term; people act in one post at a time
//	组织 organisation  an office in the tree of offices
//	区域 area          a county, town or village in the tree of national codes
//	授权 grant         what a role may do with which records
//	分级 grade         1 public, 2 internal, 3 sensitive, 4 core; clearance is the highest grade somebody sees
//	脱敏 mask          how a value above the clearance is shown
//	流程 process       a BPMN definition; instance 实例, token, task 任务, outcome 办理结果
//	签收 claim  退回 return  撤回 withdraw  转办 transfer  委托 delegate  会签 countersign  催办 urge  停钟 pause  延期 extend
//	时限 limit         by working-time units; due 到期; light 红黄绿灯
//	存证 evidence      journal entries with their proofs
//	指标 indicator     a number with its formula; basis 口径
//	应用包 pack        a folder of data that makes a department's application
//	证照 licence  印章 seal  前置机 node  疑义 objection
package chengshu
